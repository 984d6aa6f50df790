/** A Deployment's history: which ReplicaSet is which revision. Pure. */
import { canonicalJson, type Deployment, type PodTemplateSpec, type ReplicaSet, templateHash } from '@skiff/api';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';
export const hashLabel = 'pod-template-hash';

/** Annotations of a Deployment that its ReplicaSets do not inherit. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

/** The ReplicaSet whose template is the Deployment's; of several (which should not be) the oldest. */
export function findNewReplicaSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const wanted = templateText(deployment.spec?.template);
  return oldestFirst(sets).find((set) => templateText(set.spec?.template) === wanted);
}

/** A template without the label that tells templates apart. */
function templateText(template: PodTemplateSpec | undefined): string {
  const { [hashLabel]: _, ...labels } = template?.metadata?.labels ?? {};
  return canonicalJson({ ...template, metadata: { ...template?.metadata, labels } });
}

export function oldestFirst(sets: readonly ReplicaSet[]): ReplicaSet[] {
  return [...sets].sort(
    (a, b) =>
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
}

export function revisionOf(set: ReplicaSet): number {
  const text = set.metadata.annotations?.[revisionAnnotation] ?? '0';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

export const maxRevision = (sets: readonly ReplicaSet[]): number => Math.max(0, ...sets.map(revisionOf));

/** Name suffix of the new ReplicaSet: a hash of the template, and of the count of collisions met so far. */
export const newSetHash = (deployment: Deployment): string =>
  templateHash(deployment.spec?.template, deployment.status?.collisionCount);

/** Longest history annotation, in characters; the oldest numbers go first. */
const maxHistoryLength = 2000;

/** Annotations the new ReplicaSet should have, given those it has. An older revision keeps a note of its former numbers. */
export function newSetAnnotations(
  deployment: Deployment,
  current: Readonly<Record<string, string>>,
  revision: number,
): Record<string, string> {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name));
  const annotations: Record<string, string> = { ...current, ...Object.fromEntries(inherited) };
  const before = current[revisionAnnotation];
  if (before === undefined || before === '' || Number(before) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (before !== undefined && before !== '')
      annotations[revisionHistoryAnnotation] = withRevision(current[revisionHistoryAnnotation] ?? '', before);
  }
  return annotations;
}

function withRevision(history: string, revision: string): string {
  const revisions = [...history.split(',').filter((one) => one !== ''), revision];
  while (revisions.length > 1 && revisions.join().length > maxHistoryLength) revisions.shift();
  return revisions.join();
}

/** Go's largest int32: "no limit" for history and progress deadline. */
export const unlimited = 2 ** 31 - 1;

/** Old sets beyond `revisionHistoryLimit`, lowest revision first, but none that still has or may get pods. */
export function setsToForget(deployment: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const alive = oldSets.filter((set) => set.metadata.deletionTimestamp === undefined);
  if (limit === unlimited || alive.length <= limit) return [];
  return alive
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, alive.length - limit)
    .filter(
      (set) =>
        (set.spec.replicas ?? 0) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    );
}
