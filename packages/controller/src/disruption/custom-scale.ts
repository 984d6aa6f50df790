/** How many pods an owner of a custom kind wants: what its definition's scale subresource would say. Pure. */
import { type ApiObject, type CustomResourceDefinition, type OwnerReference, parseApiVersion } from '@skiff/api';
import { type AnyKind, customKind } from '../kinds.ts';

export interface ScaledKind {
  readonly kind: AnyKind;
  /** `.spec.replicas`: names with dots between, as the API server demands of it. */
  readonly replicasPath: string;
}

/** Undefined for a kind that nobody defines, or that cannot be scaled. */
export function scaledKind(
  definitions: readonly CustomResourceDefinition[],
  owner: OwnerReference,
): ScaledKind | undefined {
  const group = parseApiVersion(owner.apiVersion)?.group;
  const definition = definitions.find(({ spec }) => spec.group === group && spec.names.kind === owner.kind);
  const kind = definition === undefined ? undefined : customKind(definition);
  const version = definition?.spec.versions.find(({ name }) => name === kind?.version);
  const replicasPath = version?.subresources?.scale?.specReplicasPath;
  return kind === undefined || replicasPath === undefined ? undefined : { kind, replicasPath };
}

/** The number at the path; 0 where there is none, as the scale subresource answers. */
export function replicasAt(object: ApiObject, path: string): number {
  let value: unknown = object;
  for (const key of path.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return 0;
    value = Reflect.get(value, key);
  }
  return typeof value === 'number' ? value : 0;
}
