/** The history of a template as ControllerRevisions: what StatefulSets and DaemonSets roll between. */
import {
  type ControllerRevision,
  canonicalJson,
  type DaemonSet,
  deepEqual,
  isReason,
  type PodTemplateSpec,
  resources,
  type StatefulSet,
  templateHash,
} from '@skiff/api';
import type { Client } from '@skiff/client';
import { ignoreGone } from './errors.ts';
import { controllerReference } from './owners.ts';

/** Names a revision on its pods. */
export const revisionLabel = 'controller-revision-hash';

/** What kubectl's rollout reads back: a patch that puts the template into its owner. */
const dataOf = (template: PodTemplateSpec): { spec: { template: object } } => ({
  spec: { template: { ...template, $patch: 'replace' } },
});

/** The template a revision stands for. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { spec } = (revision.data ?? {}) as { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec?.template ?? {};
  return template;
}

export const oldestRevisionFirst = (revisions: readonly ControllerRevision[]): ControllerRevision[] =>
  [...revisions].sort((a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1));

/** The revision of the set's present template: made when there is none, made the newest when it was one before. */
export async function presentRevision(
  client: Client,
  kind: 'StatefulSet' | 'DaemonSet',
  set: StatefulSet | DaemonSet,
  revisions: readonly ControllerRevision[],
): Promise<{ revision: ControllerRevision } | { collisionCount: number }> {
  const api = client.resource(resources.controllerrevisions);
  const sorted = oldestRevisionFirst(revisions);
  const newest = sorted.at(-1);
  const next = (newest?.revision ?? 0) + 1;
  const data = dataOf(set.spec.template);
  const equal = sorted.findLast((one) => deepEqual(one.data, data));
  if (equal !== undefined && equal === newest) return { revision: equal };
  const { name: ownerName, namespace = '' } = set.metadata;
  const { collisionCount } = set.status ?? {};
  if (equal !== undefined) {
    const patch = { metadata: { resourceVersion: equal.metadata.resourceVersion }, revision: next };
    return { revision: await api.patch(namespace, equal.metadata.name, 'merge', patch) };
  }
  const hash = templateHash(data, collisionCount);
  const name = `${ownerName.slice(0, 223)}-${hash}`;
  try {
    const revision = await api.create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...set.spec.template.metadata?.labels, 'controller.kubernetes.io/hash': hash },
        ownerReferences: [controllerReference({ ...set, apiVersion: 'apps/v1', kind })],
      },
      data,
      revision: next,
    });
    return { revision };
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    const namesake = await api.get(namespace, name);
    // Ours, and the cache does not show it yet; else another template with the same hash.
    if (canonicalJson(namesake.data) === canonicalJson(data)) return { revision: namesake };
    return { collisionCount: (collisionCount ?? 0) + 1 };
  }
}

/** Deletes the oldest revisions that nobody uses beyond the limit. */
export async function forgetRevisions(
  client: Client,
  revisions: readonly ControllerRevision[],
  isUsed: (revision: ControllerRevision) => boolean,
  limit: number,
): Promise<void> {
  const unused = oldestRevisionFirst(revisions).filter((one) => !isUsed(one));
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit)))
    await client
      .resource(resources.controllerrevisions)
      .delete(metadata.namespace ?? '', metadata.name, { uid: metadata.uid })
      .catch(ignoreGone);
}
