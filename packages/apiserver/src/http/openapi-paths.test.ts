import { builtinDefinitions } from '@skiff/api/kinds';
import { describe, expect, it } from 'vitest';
import { v2Document, v3Document } from './openapi-document.ts';
import { v2, v3 } from './openapi-schema.ts';

type Operation = Readonly<Record<string, unknown>> & {
  readonly parameters: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<string, object>>;
};
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

const all = builtinDefinitions();
const { paths, definitions } = (await v2Document(v2, all)) as Document;
const pod = '/api/v1/namespaces/{namespace}/pods/{name}';
const deployment = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}';

const at = (path: string, method: string): Operation => {
  const operation = paths[path]?.[method];
  if (operation === undefined) throw new Error(`no ${method} ${path}`);
  return operation;
};
const ref = (name: string) => ({ $ref: `#/definitions/io.k8s.${name}` });
const kind = (group: string, version: string, name: string) => ({ group, version, kind: name });

describe('subresources', () => {
  it.each([
    [`${deployment}/scale`, 'get', 'api.autoscaling.v1.Scale', kind('autoscaling', 'v1', 'Scale')],
    [`${deployment}/scale`, 'put', 'api.autoscaling.v1.Scale', kind('autoscaling', 'v1', 'Scale')],
    [`${deployment}/status`, 'get', 'api.apps.v1.Deployment', kind('apps', 'v1', 'Deployment')],
    [`${pod}/eviction`, 'post', 'api.policy.v1.Eviction', kind('policy', 'v1', 'Eviction')],
    [`${pod}/binding`, 'post', 'api.core.v1.Binding', kind('', 'v1', 'Binding')],
    [
      '/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token',
      'post',
      'api.authentication.v1.TokenRequest',
      kind('authentication.k8s.io', 'v1', 'TokenRequest'),
    ],
  ])('%s %s speaks %s', (path, method, type, gvk) => {
    const operation = at(path, method);
    expect(operation.responses['200']).toEqual({ description: 'OK', schema: ref(type) });
    expect(operation['x-kubernetes-group-version-kind']).toEqual(gvk);
    expect(definitions[`io.k8s.${type}`]?.['x-kubernetes-group-version-kind']).toContainEqual(gvk);
  });

  it('connections take options from the query and carry what they like', () => {
    const exec = at(`${pod}/exec`, 'post');
    expect(exec).toMatchObject({
      consumes: ['*/*'],
      produces: ['*/*'],
      'x-kubernetes-action': 'connect',
      'x-kubernetes-group-version-kind': kind('', 'v1', 'PodExecOptions'),
    });
    expect(exec.responses).toEqual({
      200: { description: 'OK', schema: { type: 'string' } },
      401: { description: 'Unauthorized' },
    });
    expect(exec.parameters.map((one) => one.name)).toEqual([
      'command',
      'container',
      'stdin',
      'stdout',
      'stderr',
      'tty',
    ]);
  });

  it('a log is text', () => {
    const log = at(`${pod}/log`, 'get');
    expect(log.produces).toContain('text/plain');
    expect(log.responses['200']).toEqual({ description: 'OK', schema: { type: 'string' } });
    expect(log.parameters.map((one) => one.name)).toEqual(
      expect.arrayContaining(['container', 'follow', 'previous', 'sinceSeconds', 'tailLines', 'limitBytes']),
    );
  });

  it('a proxy passes every method on, to any path', () => {
    const methods = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'];
    for (const path of [`${pod}/proxy`, `${pod}/proxy/{path}`]) {
      expect(Object.keys(paths[path] ?? {}).sort()).toEqual([...methods, 'parameters'].sort());
    }
    expect(at(`${pod}/proxy/{path}`, 'head').operationId).toBe('connectCoreV1HeadNamespacedPodProxyWithPath');
    expect(paths[`${pod}/proxy/{path}`]?.parameters).toContainEqual(
      expect.objectContaining({ name: 'path', in: 'path' }),
    );
  });
});

describe('operations', () => {
  const collection = '/api/v1/namespaces/{namespace}/configmaps';
  it.each([
    [collection, 'get', ['200', '401']],
    [collection, 'post', ['200', '201', '202', '401']],
    [collection, 'delete', ['200', '401']],
    [`${collection}/{name}`, 'put', ['200', '201', '401']],
    [`${collection}/{name}`, 'patch', ['200', '201', '401']],
    [`${collection}/{name}`, 'delete', ['200', '202', '401']],
  ])('%s %s answers %s', (path, method, codes) => {
    expect(Object.keys(at(path, method).responses)).toEqual(codes);
  });

  it('lists can be watched in JSON and protobuf', async () => {
    const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
    expect(at(collection, 'get').produces).toEqual(expect.arrayContaining(streams));
    expect(at(`${collection}/{name}`, 'get').produces).not.toContain(streams[0]);
    const document = (await v3Document(
      v3,
      all.filter((one) => one.resource === 'configmaps'),
      all,
    )) as Document;
    expect(document.paths[collection]?.get?.responses['200']).toMatchObject({ content: { [String(streams[0])]: {} } });
  });
});

describe('definitions', () => {
  it('kinds that are not listed have no list', () => {
    expect(definitions).toHaveProperty(['io.k8s.api.core.v1.PodList']);
    expect(definitions).not.toHaveProperty(['io.k8s.api.core.v1.BindingList']);
    expect(definitions).not.toHaveProperty(['io.k8s.api.authentication.v1.TokenReviewList']);
  });

  it('what every group shares is described by its own types', () => {
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
    expect(definitions[`${meta}.Status`]?.properties).toMatchObject({
      details: ref('apimachinery.pkg.apis.meta.v1.StatusDetails'),
    });
    expect(definitions[`${meta}.DeleteOptions`]?.properties).toMatchObject({
      preconditions: ref('apimachinery.pkg.apis.meta.v1.Preconditions'),
    });
    const apps = { group: 'apps', version: 'v1' };
    expect(definitions[`${meta}.WatchEvent`]?.['x-kubernetes-group-version-kind']).toContainEqual({
      ...apps,
      kind: 'WatchEvent',
    });
  });
});
