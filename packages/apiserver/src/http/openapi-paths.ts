/** The operations of a kind as OpenAPI says them: path by path, as far as clients read them (kubectl's verifier and `explain`, client generators). */
import type { Definition, SubresourceDefinition } from '@skiff/api';
import { type Operation, operationId, tagOf } from './openapi-names.ts';
import { parameterNode, pathParameter, queryParameters } from './openapi-parameters.ts';
import type { Components, Dialect, Node } from './openapi-schema.ts';

/** What a path's operation works on. */
interface Subject {
  readonly dialect: Dialect;
  readonly components: Components;
  readonly definition: Definition;
  /** Component names of the object and its list. */
  readonly object: string;
  readonly list: string;
  readonly subresource: SubresourceDefinition | undefined;
}

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** Kinds that arrived at run time have no messages and no strategic merge: kubectl decides by these lists how it patches. */
const bodyTypesOf = ({ definition }: Subject): readonly string[] =>
  definition.openApi === undefined ? bodyTypes : bodyTypes.filter((type) => !type.endsWith('protobuf'));
const patchTypesOf = ({ definition }: Subject): readonly string[] =>
  definition.openApi === undefined ? patchTypes : patchTypes.filter((type) => !type.includes('strategic'));

/** Subresources that open a connection, whatever the method. */
const connecting: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy']);

/** Types that an action takes, and those that it answers in. */
function typesOf(
  subject: Subject,
  action: string,
): { readonly consumes: readonly string[]; readonly produces: readonly string[] } {
  const any = ['*/*'];
  if (action === 'connect') return { consumes: any, produces: any };
  const types = bodyTypesOf(subject);
  if (subject.subresource?.name === 'log') return { consumes: any, produces: ['text/plain', ...types] };
  if (['list', 'watch', 'watchlist'].includes(action)) {
    const streamed = types.filter((type) => !type.endsWith('yaml')).map((type) => `${type};stream=watch`);
    return { consumes: any, produces: [...types, ...streamed] };
  }
  return { consumes: action === 'patch' ? patchTypesOf(subject) : any, produces: types };
}

/** What an action may answer with beside 200. */
const otherAnswers: Readonly<Record<string, readonly number[]>> = {
  post: [201, 202],
  put: [201],
  patch: [201],
  delete: [202],
};
const descriptions = new Map([
  [200, 'OK'],
  [201, 'Created'],
  [202, 'Accepted'],
]);

interface Operated {
  /** HTTP's method; `action` is Kubernetes'. */
  readonly method: string;
  readonly action: string;
  /** The component that is answered. */
  readonly answers: string;
  readonly everywhere?: boolean;
  readonly withPath?: boolean;
}

function operation(subject: Subject, { method, action: given, answers, everywhere, withPath }: Operated): Node {
  const { dialect, components, definition, subresource } = subject;
  const action = connecting.has(subresource?.name ?? '') ? 'connect' : given;
  const named: Operation = { action, method, everywhere: everywhere === true, withPath: withPath === true };
  const parameters = queryParameters(action, subresource?.name ?? '').map((one) => parameterNode(dialect, one));
  const { consumes, produces } = typesOf(subject, action);
  const isText = action === 'connect' || subresource?.name === 'log';
  const answer = isText ? { type: 'string' } : components.refTo(answers);
  const kind = subresource?.kind ?? definition;
  const body = action === 'connect' ? {} : bodyOf(subject, method);
  // An apply that creates is not foreseen for kinds that arrived at run time.
  const others = action === 'patch' && definition.openApi !== undefined ? [] : (otherAnswers[action] ?? []);
  const answered = [200, ...others].map((code) => [
    code,
    {
      description: descriptions.get(code),
      ...(dialect.version === 3 ? { content: content(produces, answer) } : { schema: answer }),
    },
  ]);
  return {
    operationId: operationId(definition, subresource, named),
    tags: [tagOf(definition)],
    ...(dialect.version === 2 ? { consumes, produces } : {}),
    parameters: dialect.version === 2 && body.parameter !== undefined ? [body.parameter, ...parameters] : parameters,
    ...(dialect.version === 3 && body.requestBody !== undefined ? { requestBody: body.requestBody } : {}),
    responses: { ...Object.fromEntries(answered), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

const content = (types: readonly string[], schema: Node): Node =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function bodyOf(subject: Subject, method: string): { readonly requestBody?: Node; readonly parameter?: Node } {
  const { components, object } = subject;
  if (method === 'get') return {};
  const name = method === 'patch' ? patchName : method === 'delete' ? deleteOptionsName : object;
  const schema = components.refTo(name);
  const types = method === 'patch' ? patchTypesOf(subject) : bodyTypesOf(subject);
  const required = method !== 'delete';
  return {
    requestBody: { content: content(types, schema), ...(required ? { required } : {}) },
    parameter: { name: 'body', in: 'body', ...(required ? { required } : {}), schema },
  };
}

/** Names of the components that paths share. */
export const deleteOptionsName = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
export const statusName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
export const watchEventName = 'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent';
export const patchName = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

/** All paths of one kind. `nameOf` gives the component of a kind that a subresource speaks. */
export function pathsOf(
  dialect: Dialect,
  components: Components,
  definition: Definition,
  names: {
    readonly object: string;
    readonly list: string;
    readonly of: (kind: SubresourceDefinition['kind']) => string;
  },
): Record<string, Node> {
  const root =
    definition.group === '' ? `/api/${definition.version}` : `/apis/${definition.group}/${definition.version}`;
  const base = `${root}${definition.namespaced ? '/namespaces/{namespace}' : ''}/${definition.resource}`;
  const subject: Subject = { dialect, components, definition, ...names, subresource: undefined };
  const scoped = definition.namespaced ? [pathParameter(dialect, 'namespace', 'The namespace of the objects.')] : [];
  const named = [pathParameter(dialect, 'name', `The name of the ${definition.kind}.`), ...scoped];
  const paths: Record<string, Node> = {};
  const put = (path: string, operations: Node, parameters: readonly Node[]): void => {
    if (Object.keys(operations).length > 0)
      paths[path] = { ...operations, ...(parameters.length > 0 ? { parameters } : {}) };
  };
  put(base, collectionOperations(subject), scoped);
  put(`${base}/{name}`, itemOperations(subject, definition.verbs), named);
  if (definition.namespaced && definition.verbs.includes('list'))
    put(
      `${root}/${definition.resource}`,
      { get: operation(subject, { method: 'get', action: 'list', answers: names.list, everywhere: true }) },
      [],
    );
  if (definition.openApi === undefined && definition.verbs.includes('watch')) {
    const watches = `${root}/watch${base.slice(root.length)}`;
    put(watches, { get: operation(subject, { method: 'get', action: 'watchlist', answers: watchEventName }) }, scoped);
    put(
      `${watches}/{name}`,
      { get: operation(subject, { method: 'get', action: 'watch', answers: watchEventName }) },
      named,
    );
    if (definition.namespaced)
      put(
        `${root}/watch/${definition.resource}`,
        { get: operation(subject, { method: 'get', action: 'watchlist', answers: watchEventName, everywhere: true }) },
        [],
      );
  }
  for (const subresource of definition.subresources) {
    const below = { ...subject, subresource, object: names.of(subresource.kind) };
    const path = `${base}/{name}/${subresource.name}`;
    if (subresource.name !== 'proxy') put(path, itemOperations(below, subresource.verbs), named);
    else {
      put(path, proxyOperations(below, false), named);
      put(`${path}/{path}`, proxyOperations(below, true), [
        ...named,
        pathParameter(dialect, 'path', 'The path of the proxied request.'),
      ]);
    }
  }
  return paths;
}

function collectionOperations(subject: Subject): Node {
  const { definition, object, list } = subject;
  const { verbs } = definition;
  const of = (method: string, action: string, answers: string): Node => ({
    [method]: operation(subject, { method, action, answers }),
  });
  return {
    ...(verbs.includes('list') ? of('get', 'list', list) : {}),
    ...(verbs.includes('create') ? of('post', 'post', object) : {}),
    ...(verbs.includes('deletecollection') ? of('delete', 'deletecollection', statusName) : {}),
  };
}

function itemOperations(subject: Subject, verbs: readonly string[]): Node {
  const create = subject.subresource !== undefined && verbs.includes('create');
  const of = (method: string, answers = subject.object): Node => ({
    [method]: operation(subject, { method, action: method, answers }),
  });
  return {
    ...(verbs.includes('get') ? of('get') : {}),
    ...(create ? of('post') : {}),
    ...(verbs.includes('update') ? of('put') : {}),
    ...(verbs.includes('patch') ? of('patch') : {}),
    ...(verbs.includes('delete') ? of('delete', statusName) : {}),
  };
}

const proxied = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'];

/** A proxy passes every method on, to the root or to a path. */
const proxyOperations = (subject: Subject, withPath: boolean): Node =>
  Object.fromEntries(
    proxied.map((method) => [method, operation(subject, { method, action: method, answers: statusName, withPath })]),
  );
