/** A measured server with a custom kind, and bodies for it. For tests only. */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { expectMeasuredUnharmed } from './invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './measured.ts';
import type { Reply } from './server.ts';

export const core = '/api/v1/namespaces/default';
export const configMaps = `${core}/configmaps`;
export const pods = `${core}/pods`;
export const deployments = '/apis/apps/v1/namespaces/default/deployments';
/** Objects of a custom kind, whose spec holds anything. */
export const things = '/apis/example.com/v1/namespaces/default/things';

/** CPU milliseconds of a turn, however the machine is loaded: nothing that a client sends may block others for longer. */
export const turnMs = 50;

export const types = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  jsonPatch: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
export type BodyType = keyof typeof types;

export const json = (reply: Reply) => JSON.parse(reply.text);
export const reason = (reply: Reply): [number, string] => [reply.status, json(reply).reason];

export const configMap = (name: string, rest = ''): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}${rest}}`;
export const thing = (name: string, spec: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"${name}"},"spec":${spec}}`;
export const deployment = (name: string, spec: string): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{${spec}"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`;
export const pod = (name: string, spec: string, metadata = ''): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"${metadata}},"spec":{${spec}"containers":[{"name":"c","image":"i"}]}}`;

export interface BodyClient extends Pick<MeasuredServer, 'request' | 'longestTurn'> {
  post(path: string, body: string | Buffer, type?: BodyType, accept?: string): Promise<Reply>;
  patch(path: string, body: string, type: BodyType): Promise<Reply>;
}

/** Starts the server before the tests of the file that calls this, ends it after them, and checks after each that it is unharmed. */
export function serverOfThings(): BodyClient {
  let server: MeasuredServer;
  beforeAll(async () => {
    server = await startMeasuredServer();
    await server.create(`${core}/serviceaccounts`, { metadata: { name: 'default' } });
    await defineThings(server);
  });
  afterAll(() => server.close());
  expectMeasuredUnharmed(() => server);
  return {
    request: (path, options) => server.request(path, options),
    longestTurn: (work, enough) => server.longestTurn(work, enough),
    post: (path, body, type = 'json', accept = types.json) =>
      server.request(path, { method: 'POST', headers: { 'content-type': types[type], accept }, body }),
    patch: (path, body, type) =>
      server.request(path, { method: 'PATCH', headers: { 'content-type': types[type] }, body }),
  };
}

async function defineThings(server: MeasuredServer): Promise<void> {
  const spec = {
    type: 'object',
    properties: {
      big: { type: 'integer', format: 'int64' },
      slow: { type: 'string', pattern: '^(a+)+$' },
    },
    'x-kubernetes-preserve-unknown-fields': true,
  };
  await server.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'things.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' } },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  });
  await vi.waitFor(async () => expect((await server.request(things)).status).toBe(200), 30_000);
}
