/** The Deployment controller: finds or creates the ReplicaSet of the present template, and moves replicas from the old ones to it. */
import {
  type Clock,
  canonicalJson,
  type Deployment,
  type DeploymentCondition,
  type Draft,
  isReason,
  matchesLabels,
  type ReplicaSet,
  resources,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import { claimChildren } from '../runtime/claims.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, isNamespaceTerminating, messageOf } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { controllerOf, controllerReference, ownerIndex } from '../runtime/owners.ts';
import { isPodFinished } from '../runtime/pods.ts';
import { deadlineMs, isComplete, withCreateError, withNewSet, withPause } from './conditions.ts';
import {
  findNewReplicaSet,
  hashLabel,
  maxRevision,
  newSetAnnotations,
  newSetHash,
  revisionAnnotation,
  revisionOf,
  setsToForget,
} from './revisions.ts';
import {
  isScalingEvent,
  newSetReplicas,
  type Scale,
  scaleDownAll,
  scaleProportionally,
  shrinkOldSets,
  sizeAnnotations,
} from './rolling.ts';
import { deploymentStatus } from './status.ts';

export interface DeploymentContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

/** What one pass works on, and what it has come to say. */
interface Pass {
  /** As it is after the pass' own writes: each write to it is fenced by the version of the one before. */
  deployment: Deployment;
  readonly oldSets: readonly ReplicaSet[];
  conditions: readonly DeploymentCondition[];
}

export function deploymentController(context: DeploymentContext): Controller {
  const { clock, recorder } = context;
  const deployments = context.informers.informer(resources.deployments);
  const sets = context.informers.informer(resources.replicasets, { indexes: ownerIndex });
  const pods = context.informers.informer(resources.pods, { indexes: ownerIndex });
  const deploymentClient = context.client.resource(resources.deployments);
  const setClient = context.client.resource(resources.replicasets);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      deployments.onChange((change) => enqueue(keyOf(change.object))),
      sets.onChange((change) => {
        for (const set of [change.object, ...(change.old === undefined ? [] : [change.old])])
          for (const key of keysOfSet(set)) enqueue(key);
      }),
      // A Recreate rollout waits for the last old pod to be gone.
      pods.onChange((change) => {
        if (change.type !== 'removed') return;
        const owner = controllerOf(change.object);
        const set =
          owner?.kind === 'ReplicaSet' ? sets.get(change.object.metadata.namespace ?? '', owner.name) : undefined;
        if (set !== undefined) for (const key of keysOfSet(set)) enqueue(key);
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  function keysOfSet(set: ReplicaSet): string[] {
    const owner = controllerOf(set);
    const namespace = set.metadata.namespace ?? '';
    if (owner !== undefined) return owner.kind === 'Deployment' ? [`${namespace}/${owner.name}`] : [];
    return deployments
      .list(namespace)
      .filter((deployment) => selects(deployment, set))
      .map(keyOf);
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const deployment = deployments.get(namespace, name);
    if (deployment === undefined) return undefined;
    const owned = await claimSets(deployment);
    const found = findNewReplicaSet(deployment, owned);
    const pass: Pass = {
      deployment,
      oldSets: owned.filter((set) => set !== found),
      conditions: deployment.status?.conditions ?? [],
    };
    if (deployment.metadata.deletionTimestamp !== undefined) return writeStatus(pass, found, false);
    pass.conditions = withPause(deployment, pass.conditions, clock.now());
    const newSet = found === undefined ? undefined : await keepNewSet(pass, found);
    const all = newSet === undefined ? pass.oldSets : [...pass.oldSets, newSet];
    if (deployment.spec.paused === true || isScalingEvent(deployment, all)) return resize(pass, newSet);
    if (deployment.spec.strategy?.type === 'Recreate') return recreate(pass, newSet);
    const current = newSet ?? (await createSet(pass));
    if (current === undefined) return undefined;
    const grown = newSetReplicas(deployment, current, [...pass.oldSets, current]);
    // One direction at a time: growing and shrinking on one count could go under what must stay available.
    if (grown !== (current.spec.replicas ?? 0)) return roll(pass, current, [{ set: current, replicas: grown }]);
    return roll(pass, current, shrinkOldSets(deployment, current, pass.oldSets));
  }

  async function recreate(pass: Pass, newSet: ReplicaSet | undefined): Promise<LookAgain | undefined> {
    const down = scaleDownAll(pass.oldSets);
    if (down.length > 0) return roll(pass, newSet, down);
    if (pass.oldSets.some(stillHasPods)) return writeStatus(pass, newSet, true);
    const current = newSet ?? (await createSet(pass));
    if (current === undefined) return undefined;
    const wanted = pass.deployment.spec.replicas ?? 1;
    return roll(pass, current, (current.spec.replicas ?? 0) === wanted ? [] : [{ set: current, replicas: wanted }]);
  }

  const stillHasPods = (set: ReplicaSet): boolean =>
    (set.status?.replicas ?? 0) > 0 || pods.byIndex('owner', set.metadata.uid).some((pod) => !isPodFinished(pod));

  const claimSets = (deployment: Deployment): Promise<ReplicaSet[]> =>
    claimChildren(deployment, { owners: deploymentClient, clients: setClient, children: sets, selects });

  /** Keeps the annotations of the present template's set up, its revision above all others, and the deployment's revision like it. */
  async function keepNewSet(pass: Pass, newSet: ReplicaSet): Promise<ReplicaSet> {
    const { deployment } = pass;
    const current = newSet.metadata.annotations ?? {};
    const revision = Math.max(maxRevision(pass.oldSets) + 1, revisionOf(newSet));
    const annotations = newSetAnnotations(deployment, current, revision);
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    const same =
      canonicalJson(annotations) === canonicalJson(current) && (newSet.spec.minReadySeconds ?? 0) === minReadySeconds;
    const kept = same
      ? newSet
      : await setClient.patch(newSet.metadata.namespace ?? '', newSet.metadata.name, 'merge', {
          metadata: { uid: newSet.metadata.uid, annotations },
          spec: { minReadySeconds },
        });
    await writeRevision(pass, revision);
    pass.conditions = withNewSet(deployment, pass.conditions, kept, 'found', clock.now());
    return kept;
  }

  /** With the status: another write of an annotation would be a new generation, and the user changed nothing. */
  async function writeRevision(pass: Pass, revision: number): Promise<void> {
    const { metadata } = pass.deployment;
    if (metadata.annotations?.[revisionAnnotation] === String(revision)) return;
    const annotations = { ...metadata.annotations, [revisionAnnotation]: String(revision) };
    pass.deployment = await deploymentClient.updateStatus({
      ...pass.deployment,
      metadata: { ...metadata, annotations },
    });
  }

  async function createSet(pass: Pass): Promise<ReplicaSet | undefined> {
    const { deployment, oldSets } = pass;
    const revision = maxRevision(oldSets) + 1;
    const draft = newSetDraft(deployment, oldSets, revision);
    let created: ReplicaSet;
    try {
      created = await setClient.create(draft);
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (isReason(error, 'AlreadyExists')) return meetNamesake(deployment, draft);
      const message = `Failed to create new replica set "${draft.metadata.name}": ${messageOf(error)}`;
      recorder.event(deployment, 'Warning', 'ReplicaSetCreateError', message);
      pass.conditions = withCreateError(deployment, pass.conditions, message, clock.now());
      await writeStatus(pass, undefined, false);
      throw error;
    }
    const replicas = created.spec.replicas ?? 0;
    if (replicas > 0) recordScaling(deployment, created, 0, replicas);
    await writeRevision(pass, revision);
    pass.conditions = withNewSet(deployment, pass.conditions, created, 'created', clock.now());
    return created;
  }

  /** The name is taken: by our own set that the cache does not show yet, or by another template with the same hash. */
  async function meetNamesake(deployment: Deployment, draft: Draft<ReplicaSet>): Promise<ReplicaSet | undefined> {
    const namesake = await setClient.get(deployment.metadata.namespace ?? '', draft.metadata.name ?? '');
    if (
      controllerOf(namesake)?.uid === deployment.metadata.uid &&
      findNewReplicaSet(deployment, [namesake]) !== undefined
    )
      return namesake;
    // The new count changes the hash; the event of this write brings the deployment back.
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await deploymentClient.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
    return undefined;
  }

  /** The deployment is paused or was given another size: its sets are brought to that size, and nothing is rolled. */
  async function resize(pass: Pass, newSet: ReplicaSet | undefined): Promise<LookAgain | undefined> {
    const after = await applyScales(pass, newSet, scaleProportionally(pass.deployment, newSet, pass.oldSets));
    const sizes = sizeAnnotations(pass.deployment);
    // Sets that keep their size still have to remember the deployment's, or the next pass would take it for a resize again.
    for (const set of [...after.oldSets, ...(after.newSet === undefined ? [] : [after.newSet])]) {
      const stale = Object.entries(sizes).some(([name, value]) => set.metadata.annotations?.[name] !== value);
      if (stale && (set.spec.replicas ?? 0) > 0)
        await setClient.patch(set.metadata.namespace ?? '', set.metadata.name, 'merge', {
          metadata: { uid: set.metadata.uid, annotations: sizes },
        });
    }
    if (pass.deployment.spec.paused === true) await forgetHistory(pass.deployment, after.oldSets);
    return writeStatus({ ...pass, oldSets: after.oldSets }, after.newSet, false);
  }

  async function roll(
    pass: Pass,
    newSet: ReplicaSet | undefined,
    scales: readonly Scale[],
  ): Promise<LookAgain | undefined> {
    const after = await applyScales(pass, newSet, scales);
    if (scales.length === 0 && isComplete(pass.deployment, pass.deployment.status ?? {}))
      await forgetHistory(pass.deployment, after.oldSets);
    return writeStatus({ ...pass, oldSets: after.oldSets }, after.newSet, true);
  }

  /** Scales the sets one after the other; answers all sets as they are then. */
  async function applyScales(
    pass: Pass,
    newSet: ReplicaSet | undefined,
    scales: readonly Scale[],
  ): Promise<{ oldSets: readonly ReplicaSet[]; newSet: ReplicaSet | undefined }> {
    const scaled = new Map<ReplicaSet, ReplicaSet>();
    for (const scale of scales) scaled.set(scale.set, await applyScale(pass.deployment, scale));
    const now = (set: ReplicaSet): ReplicaSet => scaled.get(set) ?? set;
    return { oldSets: pass.oldSets.map(now), newSet: newSet === undefined ? undefined : now(newSet) };
  }

  async function applyScale(deployment: Deployment, { set, replicas }: Scale): Promise<ReplicaSet> {
    const before = set.spec.replicas ?? 0;
    const after = await setClient.patch(set.metadata.namespace ?? '', set.metadata.name, 'merge', {
      metadata: { resourceVersion: set.metadata.resourceVersion, annotations: sizeAnnotations(deployment) },
      spec: { replicas },
    });
    recordScaling(deployment, set, before, replicas);
    return after;
  }

  function recordScaling(deployment: Deployment, set: ReplicaSet, before: number, after: number): void {
    const message = `Scaled ${after > before ? 'up' : 'down'} replica set ${set.metadata.name} from ${before} to ${after}`;
    recorder.event(deployment, 'Normal', 'ScalingReplicaSet', message);
  }

  async function forgetHistory(deployment: Deployment, oldSets: readonly ReplicaSet[]): Promise<void> {
    for (const set of setsToForget(deployment, oldSets)) {
      await setClient
        .delete(set.metadata.namespace ?? '', set.metadata.name, { uid: set.metadata.uid })
        .catch(ignoreGone);
    }
  }

  async function writeStatus(
    { deployment, oldSets, conditions }: Pass,
    newSet: ReplicaSet | undefined,
    judge: boolean,
  ): Promise<LookAgain | undefined> {
    const sets = newSet === undefined ? oldSets : [...oldSets, newSet];
    const status = deploymentStatus({ deployment, newSet, sets, conditions }, judge, clock.now());
    if (canonicalJson(status) !== canonicalJson(deployment.status ?? {}))
      await deploymentClient.updateStatus({ ...deployment, status }).catch(ignoreGone);
    const deadline = deadlineMs(deployment, status.conditions ?? []);
    return deadline === undefined ? undefined : { afterMs: Math.max(deadline - clock.now(), 0) + 1000 };
  }

  return { name: 'deployment', watch, reconcile };
}

function newSetDraft(deployment: Deployment, oldSets: readonly ReplicaSet[], revision: number): Draft<ReplicaSet> {
  const hash = newSetHash(deployment);
  const template = deployment.spec.template;
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash };
  const spec: ReplicaSet['spec'] = {
    replicas: 0,
    minReadySeconds: deployment.spec.minReadySeconds ?? 0,
    selector: {
      ...deployment.spec.selector,
      matchLabels: { ...deployment.spec.selector?.matchLabels, [hashLabel]: hash },
    },
    template: { ...template, metadata: { ...template?.metadata, labels } },
  };
  const draft = {
    apiVersion: 'apps/v1' as const,
    kind: 'ReplicaSet' as const,
    metadata: {
      name: `${deployment.metadata.name.slice(0, 252 - hash.length)}-${hash}`,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: { ...newSetAnnotations(deployment, {}, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec,
  };
  const stored = { ...draft, metadata: { ...draft.metadata, uid: '', resourceVersion: '', creationTimestamp: '' } };
  spec.replicas = newSetReplicas(deployment, stored, [...oldSets, stored]);
  return draft;
}

const selects = (deployment: Deployment, set: ReplicaSet): boolean =>
  matchesLabels(toSelector(deployment.spec.selector), set.metadata.labels ?? {});
