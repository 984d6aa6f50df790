/** Custom kinds for tests: each in a group of its own, so that they never meet. */
import { ask, create, get } from './rest.ts';
import type { Thing } from './shapes.ts';
import { eventually, unique } from './test.ts';

export interface Version {
  readonly name: string;
  readonly served?: boolean;
  readonly storage?: boolean;
  /** An OpenAPI v3 schema; all fields are kept without one. */
  readonly schema?: object;
  readonly subresources?: object;
}

export interface CustomKind {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly versions: readonly Version[];
  readonly more?: object;
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const definitionPath = ({ plural, group }: CustomKind): string => `${definitions}/${plural}.${group}`;
export const objectsOf = ({ group, plural }: CustomKind, ns: string, version = 'v1'): string =>
  `/apis/${group}/${version}/namespaces/${ns}/${plural}`;

/** A kind `Widget` with one version `v1`, unless it is told otherwise. */
export const kindOf = (parts: Partial<CustomKind> = {}): CustomKind => ({
  group: `${unique('conformance')}.example.com`,
  plural: 'widgets',
  kind: 'Widget',
  versions: [{ name: 'v1' }],
  ...parts,
});

export const definitionOf = ({ group, plural, kind, versions, more }: CustomKind): Record<string, unknown> => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: versions.map(
      ({ name, served = true, storage = name === versions[0]?.name, schema = anything, ...rest }) => ({
        name,
        served,
        storage,
        schema: { openAPIV3Schema: schema },
        ...rest,
      }),
    ),
    ...more,
  },
});

/** Creates the definition and waits until objects can be made of every served version. */
export async function createKind(kind: CustomKind): Promise<Thing> {
  const made = await create(definitions, definitionOf(kind));
  await isServed(kind);
  return made;
}

export async function isServed(kind: CustomKind): Promise<void> {
  await eventually(`${kind.plural}.${kind.group} to be established`, async () =>
    isEstablished(await get(definitionPath(kind))),
  );
  for (const { name, served = true } of kind.versions)
    if (served)
      await eventually(
        `${kind.group}/${name} to be served`,
        async () => (await ask('GET', `/apis/${kind.group}/${name}/${kind.plural}`)).status === 200,
      );
}

export const isEstablished = ({ status }: Thing): boolean =>
  ((status?.conditions ?? []) as { type: string; status: string }[]).some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );

export const objectOf = ({ group, kind }: CustomKind, name: string, fields: object = {}, version = 'v1'): object => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { name },
  ...fields,
});
