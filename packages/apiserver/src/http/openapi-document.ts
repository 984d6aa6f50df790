/** OpenAPI documents of groups of kinds: operations and the types they use. */
import { apiVersionOf, type Definition, type SubresourceDefinition } from '@skiff/api';
import { builtinType, builtinTypeNames } from '@skiff/api/kinds';
import { othersTurn } from '../registry/turns.ts';
import { customNode } from './openapi-custom.ts';
import { deleteOptionsName, patchName, pathsOf, statusName, watchEventName } from './openapi-paths.ts';
import { type Components, createComponents, type Dialect, type Node } from './openapi-schema.ts';
import { kubernetesVersion } from './version.ts';

const listMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';

/** The component of a kind: its schema's own name, or one made of its group for kinds that bring none. */
function objectName(definition: Definition): string {
  const { ref } = definition.schema();
  if (ref !== undefined) return ref;
  const group = definition.group.split('.').reverse().join('.');
  return `${group}.${definition.version}.${definition.kind}`;
}

const gvk = (one: { group: string; version: string }, kind: string): Node => ({
  group: one.group,
  version: one.version,
  kind,
});

function addObject(components: Components, definition: Definition): string {
  const name = objectName(definition);
  const schema = definition.schema();
  const authored = definition.openApi?.();
  if (authored !== undefined) {
    components.add(name, customNode(components, authored));
    components.extend(name, { 'x-kubernetes-group-version-kind': [gvk(definition, definition.kind)] });
    return name;
  }
  components.node(schema.ref === undefined ? { ...schema, ref: name } : schema);
  components.extend(name, { 'x-kubernetes-group-version-kind': [gvk(definition, definition.kind)] });
  return name;
}

function addList(components: Components, definition: Definition, object: string): string {
  const name = `${object}List`;
  components.add(name, {
    description: `${definition.listKind} is a list of ${definition.kind} objects.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string', description: 'The versioned schema of this document.' },
      kind: { type: 'string', description: 'The kind of this document.' },
      metadata: components.refTo(listMetaName),
      items: { type: 'array', items: components.refTo(object), description: 'The objects.' },
    },
    'x-kubernetes-group-version-kind': [gvk(definition, definition.listKind)],
  });
  return name;
}

/** Types that every group version refers to, with the kinds that some of them are there. */
function addShared(components: Components, versions: readonly { group: string; version: string }[]): void {
  for (const name of [listMetaName, deleteOptionsName, statusName, watchEventName]) components.node(builtinType(name));
  components.add(patchName, {
    description: 'Patch is a change to an object; its form follows from the content type.',
    type: 'object',
  });
  const kinds = (of: readonly { group: string; version: string }[], kind: string): Node => ({
    'x-kubernetes-group-version-kind': of.map((one) => gvk(one, kind)),
  });
  components.extend(deleteOptionsName, kinds(versions, 'DeleteOptions'));
  components.extend(watchEventName, kinds(versions, 'WatchEvent'));
  components.extend(statusName, kinds([{ group: '', version: 'v1' }], 'Status'));
}

/** The component of a kind that travels through subresources only, like autoscaling/v1 Scale; undefined for options of connections, which are no document. */
function addTraveller(components: Components, kind: NonNullable<SubresourceDefinition['kind']>): string | undefined {
  const name = `io.k8s.api.${kind.group.split('.')[0]}.${kind.version}.${kind.kind}`;
  if (!known.has(name)) return undefined;
  components.node(builtinType(name));
  components.extend(name, { 'x-kubernetes-group-version-kind': [gvk(kind, kind.kind)] });
  return name;
}

const known: ReadonlySet<string> = new Set(builtinTypeNames());

/** Kinds are described so many in a turn: custom ones may be many, and their schemas long. */
const kindsATurn = 10;

/** Paths and components of these kinds. `all` are the served kinds, where subresources find the kinds they speak. */
async function describeKinds(
  dialect: Dialect,
  definitions: readonly Definition[],
  all: readonly Definition[],
): Promise<{ readonly paths: Record<string, Node>; readonly components: Readonly<Record<string, Node>> }> {
  const components = createComponents(dialect);
  const versions = new Map(definitions.map((one) => [apiVersionOf(one), { group: one.group, version: one.version }]));
  addShared(components, [...versions.values()]);
  const paths: Record<string, Node> = {};
  for (const [at, definition] of definitions.entries()) {
    if (at % kindsATurn === kindsATurn - 1) await othersTurn();
    const object = addObject(components, definition);
    const list = definition.verbs.includes('list') ? addList(components, definition, object) : object;
    const of = (kind: SubresourceDefinition['kind']): string => {
      if (kind === undefined) return object;
      const other = all.find(
        (one) => one.group === kind.group && one.version === kind.version && one.kind === kind.kind,
      );
      return other === undefined ? (addTraveller(components, kind) ?? object) : addObject(components, other);
    };
    Object.assign(paths, pathsOf(dialect, components, definition, { object, list, of }));
  }
  return { paths, components: components.all() };
}

/** The pages that say what there is. */
function discoveryPaths(all: readonly Definition[]): Record<string, Node> {
  const roots = all.flatMap((one) =>
    one.group === '' ? [`/api/${one.version}/`] : [`/apis/${one.group}/`, `/apis/${one.group}/${one.version}/`],
  );
  const page = { get: { produces: ['application/json'], responses: { 200: { description: 'OK' } } } };
  return Object.fromEntries(['/api/', '/apis/', ...roots, '/version/'].map((path) => [path, page]));
}

const info = { title: 'Kubernetes', version: `v${kubernetesVersion.major}.${kubernetesVersion.minor}.0` };

/** One group version, as `/openapi/v3/<path>` answers it. */
export async function v3Document(
  dialect: Dialect,
  definitions: readonly Definition[],
  all: readonly Definition[],
): Promise<Node> {
  const { paths, components } = await describeKinds(dialect, definitions, all);
  return { openapi: '3.0.0', info, paths, components: { schemas: components } };
}

/** Everything, as `/openapi/v2` answers it. */
export async function v2Document(dialect: Dialect, all: readonly Definition[]): Promise<Node> {
  const { paths, components } = await describeKinds(dialect, all, all);
  return { swagger: '2.0', info, paths: { ...paths, ...discoveryPaths(all) }, definitions: components };
}
