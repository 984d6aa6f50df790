/** Extensions as clients see them: a whole server, real kubectl. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { kubectlBinary } from '../http/streams/testing/kubectl.ts';
import { startTestServer, type TestServer } from '../http/testing/server.ts';
import { specSchema, version, widgets } from './testing.ts';

let server: TestServer;
let directory: string;
let kubectl: (...args: readonly string[]) => Promise<string>;

beforeAll(async () => {
  server = await startTestServer();
  directory = await mkdtemp(join(tmpdir(), 'skiff-extensions-'));
  const binary = await kubectlBinary(directory);
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  };
  const flags = [
    `--server=https://localhost:${server.restPort}`,
    `--certificate-authority=${await file('ca.crt', server.ca.certificatePem)}`,
    `--client-certificate=${await file('admin.crt', server.admin.certificatePem)}`,
    `--client-key=${await file('admin.key', server.admin.keyPem)}`,
    `--cache-dir=${join(directory, 'cache')}`,
  ];
  const run = promisify(execFile);
  kubectl = async (...args) => (await run(binary, [...flags, ...args], { env: { HOME: directory } })).stdout;
}, 60_000);

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

const manifest = (name: string, object: object): Promise<string> => {
  const path = join(directory, name);
  return writeFile(path, JSON.stringify(object)).then(() => path);
};

describe('kubectl', () => {
  test('creates a definition, waits for it, explains, applies, scales and prints its objects', async () => {
    const schema = specSchema({
      size: { type: 'integer', description: 'How large it is.', minimum: 1 },
      colour: { type: 'string', default: 'red', enum: ['red', 'blue'] },
    });
    const crd = widgets({
      names: { shortNames: ['wd'], categories: ['all'] },
      versions: [
        version(
          {
            ...schema,
            properties: { ...schema.properties, status: { type: 'object', properties: { size: { type: 'integer' } } } },
          },
          {
            subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
            additionalPrinterColumns: [
              { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
              { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 },
            ],
          },
        ),
      ],
    });
    await kubectl('apply', '-f', await manifest('crd.json', crd));
    await kubectl('wait', '--for=condition=established', '--timeout=10s', 'crd/widgets.x.io');
    expect(await kubectl('api-resources', '--api-group=x.io')).toMatch(/widgets\s+wd\s+x\.io\/v1\s+true\s+Widget/);
    expect(await kubectl('explain', 'widget.spec.size')).toContain('How large it is.');
    const object = { apiVersion: 'x.io/v1', kind: 'Widget', metadata: { name: 'a' }, spec: { size: 2 } };
    await kubectl('apply', '--server-side', '-f', await manifest('a.json', object));
    expect(await kubectl('get', 'wd')).toMatch(/NAME\s+SIZE\na\s+2\n/);
    expect(await kubectl('get', 'wd', '-o', 'wide')).toMatch(/NAME\s+SIZE\s+COLOUR\na\s+2\s+red\n/);
    await kubectl('scale', 'widget/a', '--replicas=5');
    expect(await kubectl('get', 'wd', 'a', '-o', 'jsonpath={.spec.size}')).toBe('5');
    await expect(kubectl('patch', 'wd', 'a', '--type=merge', '-p', '{"spec":{"size":0}}')).rejects.toThrow(
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    );
    await expect(kubectl('apply', '-f', await manifest('b.json', { ...object, spec: { sise: 1 } }))).rejects.toThrow(
      'unknown field "spec.sise"',
    );
    await kubectl('delete', 'crd', 'widgets.x.io', '--timeout=20s');
    await expect(kubectl('get', 'widgets.x.io')).rejects.toThrow("the server doesn't have a resource type");
  }, 60_000);

  test('sees documents of OpenAPI and discovery follow', async () => {
    const index = async (): Promise<string[]> =>
      Object.keys(JSON.parse((await server.request('/openapi/v3')).text).paths);
    await vi.waitFor(async () => expect(await index()).not.toContain('apis/x.io/v1'), 30_000);
    await server.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets());
    await vi.waitFor(async () => expect(await index()).toContain('apis/x.io/v1'), 30_000);
    const { text } = await server.request('/openapi/v3/apis/x.io/v1');
    expect(JSON.parse(text).components.schemas['io.x.v1.Widget']).toMatchObject({
      properties: { spec: { properties: { size: { type: 'integer' } } }, metadata: { allOf: [{}] } },
      'x-kubernetes-group-version-kind': [{ group: 'x.io', version: 'v1', kind: 'Widget' }],
    });
    const v2 = await server.request('/openapi/v2');
    expect(JSON.parse(v2.text).definitions['io.x.v1.Widget']).toBeDefined();
  });
});
