/** Pods that use more of the disk than they may (kubelet's localStorageEviction, v1.32). Pure. */
import type { Container, Pod, Volume } from '@skiff/api';
import { quantityToNumber, toBytes } from '../quantity.ts';
import type { PodUse } from './rank.ts';

const resource = 'ephemeral-storage';

const limitOf = (container: Container): unknown => container.resources?.limits?.[resource];

/** emptyDirs that lie on the disk and have a limit. */
export const limitedVolumes = ({ spec }: Pod): readonly Volume[] =>
  (spec.volumes ?? []).filter(
    ({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory' && toBytes(emptyDir.sizeLimit) > 0,
  );

/** True for a pod whose use of the disk has to be looked at now and then. */
export const isLimited = (pod: Pod): boolean =>
  limitedVolumes(pod).length > 0 || pod.spec.containers.some((one) => toBytes(limitOf(one)) > 0);

/** Why the pod must go; undefined while it keeps to its limits. `volumes`: bytes of its emptyDirs on disk, by name. */
export function limitFault(use: PodUse, volumes: ReadonlyMap<string, number>): string | undefined {
  const { pod, containers } = use;
  for (const { name, emptyDir } of limitedVolumes(pod))
    if ((volumes.get(name) ?? 0) > toBytes(emptyDir?.sizeLimit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir?.sizeLimit}". `;
  const limits = pod.spec.containers.map((one) => toBytes(limitOf(one)));
  const total = limits.reduce((sum, one) => sum + one, 0);
  const used = containers.reduce((sum, one) => sum + one.diskBytes, use.volumeBytes);
  // A pod is held to the sum of its containers' limits when every one of them has one.
  if (total > 0 && !limits.includes(0) && used > total)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${totalText(pod)}. `;
  for (const container of pod.spec.containers) {
    const limit = toBytes(limitOf(container));
    const own = containers.find(({ name }) => name === container.name)?.diskBytes ?? 0;
    if (limit > 0 && own > limit)
      return `Container ${container.name} exceeded its local ephemeral storage limit "${limitOf(container)}". `;
  }
  return undefined;
}

/** A single container's limit as it was written, a sum in bytes. */
function totalText({ spec: { containers } }: Pod): string {
  const [only, ...others] = containers;
  if (only !== undefined && others.length === 0) return String(limitOf(only));
  return String(containers.reduce((sum, one) => sum + quantityToNumber(limitOf(one)), 0));
}
