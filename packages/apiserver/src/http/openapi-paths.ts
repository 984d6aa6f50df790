/** The operations of a kind as OpenAPI says them: path by path, as far as clients read them (kubectl's verifier and `explain`, client generators). */
import type { Definition, SubresourceDefinition } from '@skiff/api';
import { type Operation, operationId, tagOf } from './openapi-names.ts';
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

interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const text = (name: string, description: string): Parameter => ({ name, type: 'string', description });

const pretty = text('pretty', 'If true, the output may be printed for human eyes.');
const dryRun = text('dryRun', 'All: every stage runs, nothing is stored.');
const fieldManager = text('fieldManager', 'The name of who is making these changes, up to 128 printable characters.');
const fieldValidation = text('fieldValidation', 'What to do with unknown or duplicate fields: Ignore, Warn or Strict.');

const selectors: readonly Parameter[] = [
  text('labelSelector', 'Restricts the objects by their labels.'),
  text('fieldSelector', 'Restricts the objects by their fields.'),
  { name: 'limit', type: 'integer', description: 'The largest number of objects in one answer.' },
  text('continue', 'Where to go on, from the metadata of the previous answer.'),
  text('resourceVersion', 'How new the answer must be.'),
  text('resourceVersionMatch', 'How resourceVersion is to be understood.'),
  { name: 'timeoutSeconds', type: 'integer', description: 'How long the call may last.' },
  { name: 'sendInitialEvents', type: 'boolean', description: 'Start a watch with what exists.' },
];

const watching: readonly Parameter[] = [
  { name: 'watch', type: 'boolean', description: 'Go on with changes as events.' },
  { name: 'allowWatchBookmarks', type: 'boolean', description: 'Send bookmarks in a watch.' },
];

const deletion: readonly Parameter[] = [
  dryRun,
  { name: 'gracePeriodSeconds', type: 'integer', description: 'How long the object may take to end. Zero: at once.' },
  text('propagationPolicy', 'What becomes of what the object owns: Orphan, Background or Foreground.'),
  { name: 'orphanDependents', type: 'boolean', description: 'The older form of propagationPolicy.' },
];

const writing = [dryRun, fieldManager, fieldValidation];

const parametersOf: Readonly<Record<string, readonly Parameter[]>> = {
  get: [],
  list: [...selectors, ...watching],
  post: writing,
  put: writing,
  patch: [...writing, { name: 'force', type: 'boolean', description: 'Apply only: take fields over from others.' }],
  delete: deletion,
  deletecollection: [...selectors, ...deletion],
  watch: [...selectors, ...watching],
  watchlist: [...selectors, ...watching],
};

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

const parameterNode = (dialect: Dialect, parameter: Parameter): Node => ({
  name: parameter.name,
  in: 'query',
  description: parameter.description,
  ...(dialect.version === 3
    ? { schema: { type: parameter.type, uniqueItems: true } }
    : { type: parameter.type, uniqueItems: true }),
});

const pathParameter = (dialect: Dialect, name: string, description: string): Node => ({
  name,
  in: 'path',
  required: true,
  description,
  ...(dialect.version === 3
    ? { schema: { type: 'string', uniqueItems: true } }
    : { type: 'string', uniqueItems: true }),
});

/** What clients that open a connection through a subresource are told of it. */
const connecting: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy']);

/** An operation: `method` is HTTP's, `action` Kubernetes'. */
function operation(subject: Subject, method: string, given: string, answers: string, everywhere = false): Node {
  const { dialect, components, definition, subresource } = subject;
  const names = parametersOf[given] ?? [];
  const action = connecting.has(subresource?.name ?? '') ? 'connect' : given;
  const named: Operation = { action, method, everywhere };
  const parameters = [...names, ...(method === 'get' ? [] : [pretty])].map((one) => parameterNode(dialect, one));
  const answer = components.refTo(answers);
  const kind = subresource?.kind ?? definition;
  const body = bodyOf(subject, method);
  return {
    operationId: operationId(definition, subresource, named),
    tags: [tagOf(definition)],
    ...(dialect.version === 2
      ? { consumes: method === 'patch' ? patchTypesOf(subject) : ['*/*'], produces: bodyTypesOf(subject) }
      : {}),
    parameters: dialect.version === 2 && body.parameter !== undefined ? [body.parameter, ...parameters] : parameters,
    ...(dialect.version === 3 && body.requestBody !== undefined ? { requestBody: body.requestBody } : {}),
    responses: {
      200: {
        description: 'OK',
        ...(dialect.version === 3 ? { content: content(bodyTypesOf(subject), answer) } : { schema: answer }),
      },
      401: { description: 'Unauthorized' },
    },
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
    put(`${root}/${definition.resource}`, { get: operation(subject, 'get', 'list', names.list, true) }, []);
  if (definition.openApi === undefined && definition.verbs.includes('watch')) {
    const watches = `${root}/watch${base.slice(root.length)}`;
    put(watches, { get: operation(subject, 'get', 'watchlist', watchEventName) }, scoped);
    put(`${watches}/{name}`, { get: operation(subject, 'get', 'watch', watchEventName) }, named);
    if (definition.namespaced)
      put(
        `${root}/watch/${definition.resource}`,
        { get: operation(subject, 'get', 'watchlist', watchEventName, true) },
        [],
      );
  }
  for (const subresource of definition.subresources) {
    const below = { ...subject, subresource, object: names.of(subresource.kind) };
    put(`${base}/{name}/${subresource.name}`, itemOperations(below, subresource.verbs), named);
  }
  return paths;
}

function collectionOperations(subject: Subject): Node {
  const { verbs } = subject.definition;
  return {
    ...(verbs.includes('list') ? { get: operation(subject, 'get', 'list', subject.list) } : {}),
    ...(verbs.includes('create') ? { post: operation(subject, 'post', 'post', subject.object) } : {}),
    ...(verbs.includes('deletecollection')
      ? { delete: operation(subject, 'delete', 'deletecollection', statusName) }
      : {}),
  };
}

function itemOperations(subject: Subject, verbs: readonly string[]): Node {
  const create = subject.subresource !== undefined && verbs.includes('create');
  return {
    ...(verbs.includes('get') ? { get: operation(subject, 'get', 'get', subject.object) } : {}),
    ...(create ? { post: operation(subject, 'post', 'post', subject.object) } : {}),
    ...(verbs.includes('update') ? { put: operation(subject, 'put', 'put', subject.object) } : {}),
    ...(verbs.includes('patch') ? { patch: operation(subject, 'patch', 'patch', subject.object) } : {}),
    ...(verbs.includes('delete') ? { delete: operation(subject, 'delete', 'delete', statusName) } : {}),
  };
}
