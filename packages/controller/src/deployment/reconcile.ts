/** The Deployment controller: finds or creates the ReplicaSet of the present template, and moves replicas from the old ones to it. */
import {
  type Clock,
  canonicalJson,
  type Deployment,
  type Draft,
  isReason,
  matchesLabels,
  type Pod,
  type ReplicaSet,
  resources,
  toSelector,
} from '@skiff/api';
import type { Client, EventRecorder, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import {
  adoptPatch,
  claim,
  controllerOf,
  controllerReference,
  orphansOf,
  ownerIndex,
  releasePatch,
} from '../runtime/owners.ts';
import { isPodActive } from '../runtime/pods.ts';
import {
  findNewReplicaSet,
  hashLabel,
  maxRevision,
  newSetAnnotations,
  newSetHash,
  revisionAnnotation,
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
import { deploymentStatus, isComplete, progressDeadlineMs } from './status.ts';

export interface DeploymentContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
}

/** What one pass works on. */
interface Pass {
  readonly deployment: Deployment;
  readonly oldSets: readonly ReplicaSet[];
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
    const newSet = findNewReplicaSet(deployment, owned);
    const pass: Pass = { deployment, oldSets: owned.filter((set) => set !== newSet) };
    if (deployment.metadata.deletionTimestamp !== undefined) return writeStatus(pass, newSet);
    if (deployment.spec.paused === true)
      return roll(pass, newSet, scaleProportionally(deployment, newSet, pass.oldSets));
    if (isScalingEvent(deployment, owned))
      return roll(pass, newSet, scaleProportionally(deployment, newSet, pass.oldSets));
    if (deployment.spec.strategy?.type === 'Recreate') return recreate(pass, newSet);
    const current = await ensureNewSet(pass, newSet);
    if (current === undefined) return undefined;
    const all = [...pass.oldSets, current];
    const grown = newSetReplicas(deployment, current, all);
    // One direction at a time: growing and shrinking on one count could go under what must stay available.
    if (grown !== (current.spec.replicas ?? 0)) return roll(pass, current, [{ set: current, replicas: grown }]);
    return roll(pass, current, shrinkOldSets(deployment, current, pass.oldSets));
  }

  async function recreate(pass: Pass, newSet: ReplicaSet | undefined): Promise<LookAgain | undefined> {
    const down = scaleDownAll(pass.oldSets);
    if (down.length > 0) return roll(pass, newSet, down);
    const oldUids = new Set(pass.oldSets.map((set) => set.metadata.uid));
    if ([...oldUids].some((uid) => pods.byIndex('owner', uid).some(stillRuns))) return writeStatus(pass, newSet);
    const current = await ensureNewSet(pass, newSet);
    if (current === undefined) return undefined;
    const wanted = pass.deployment.spec.replicas ?? 1;
    return roll(pass, current, (current.spec.replicas ?? 0) === wanted ? [] : [{ set: current, replicas: wanted }]);
  }

  async function claimSets(deployment: Deployment): Promise<ReplicaSet[]> {
    const namespace = deployment.metadata.namespace ?? '';
    const candidates = [
      ...sets.byIndex('owner', deployment.metadata.uid),
      ...sets.byIndex('owner', orphansOf(namespace)),
    ];
    const { mine, adopt, release } = claim(deployment, candidates, (set) => selects(deployment, set));
    if (adopt.length > 0) {
      const fresh = await deploymentClient.get(namespace, deployment.metadata.name);
      if (fresh.metadata.uid !== deployment.metadata.uid || fresh.metadata.deletionTimestamp !== undefined)
        return [...mine];
    }
    for (const set of adopt)
      await setClient.patch(namespace, set.metadata.name, 'strategic', adoptPatch(deployment, set));
    for (const set of release)
      await setClient.patch(namespace, set.metadata.name, 'strategic', releasePatch(deployment, set));
    return [...mine, ...adopt];
  }

  /** The set of the present template, made when there is none, with its revision and annotations kept up. */
  async function ensureNewSet(pass: Pass, newSet: ReplicaSet | undefined): Promise<ReplicaSet | undefined> {
    const { deployment, oldSets } = pass;
    const revision = Math.max(
      maxRevision(oldSets) + 1,
      newSet === undefined ? 0 : Number(newSet.metadata.annotations?.[revisionAnnotation] ?? 0),
    );
    const current =
      newSet === undefined ? await createSet(pass, revision) : await keepAnnotations(deployment, newSet, revision);
    if (current !== undefined && deployment.metadata.annotations?.[revisionAnnotation] !== String(revision)) {
      await deploymentClient.patch(deployment.metadata.namespace ?? '', deployment.metadata.name, 'merge', {
        metadata: { annotations: { [revisionAnnotation]: String(revision) } },
      });
    }
    return current;
  }

  async function createSet(pass: Pass, revision: number): Promise<ReplicaSet | undefined> {
    const { deployment, oldSets } = pass;
    const draft = newSetDraft(deployment, oldSets, revision);
    try {
      const created = await setClient.create(draft);
      recorder.event(
        deployment,
        'Normal',
        'ScalingReplicaSet',
        `Scaled up replica set ${created.metadata.name} from 0 to ${created.spec.replicas ?? 0}`,
      );
      return created;
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) return meetNamesake(deployment, draft);
      recorder.event(
        deployment,
        'Warning',
        'ReplicaSetCreateError',
        `Failed to create new replica set: ${messageOf(error)}`,
      );
      await writeStatus(pass, undefined, messageOf(error));
      throw error;
    }
  }

  /** The name is taken: by our own set that the cache does not show yet, or by another template with the same hash. */
  async function meetNamesake(deployment: Deployment, draft: Draft<ReplicaSet>): Promise<ReplicaSet | undefined> {
    const namesake = await setClient.get(deployment.metadata.namespace ?? '', draft.metadata.name ?? '');
    if (
      controllerOf(namesake)?.uid === deployment.metadata.uid &&
      findNewReplicaSet(deployment, [namesake]) !== undefined
    )
      return namesake;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await deploymentClient.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
    return undefined;
  }

  async function keepAnnotations(deployment: Deployment, newSet: ReplicaSet, revision: number): Promise<ReplicaSet> {
    const current = newSet.metadata.annotations ?? {};
    const annotations = newSetAnnotations(deployment, current, revision);
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
    if (canonicalJson(annotations) === canonicalJson(current) && (newSet.spec.minReadySeconds ?? 0) === minReadySeconds)
      return newSet;
    return setClient.patch(newSet.metadata.namespace ?? '', newSet.metadata.name, 'merge', {
      metadata: { annotations },
      spec: { minReadySeconds },
    });
  }

  async function roll(
    pass: Pass,
    newSet: ReplicaSet | undefined,
    scales: readonly Scale[],
  ): Promise<LookAgain | undefined> {
    let current = newSet;
    const scaled = new Map<ReplicaSet, ReplicaSet>();
    for (const scale of scales) {
      const after = await applyScale(pass.deployment, scale);
      scaled.set(scale.set, after);
      if (scale.set === newSet) current = after;
    }
    const oldSets = pass.oldSets.map((set) => scaled.get(set) ?? set);
    await resize(pass.deployment, [...oldSets, ...(current === undefined ? [] : [current])]);
    if (scales.length === 0 && pass.deployment.spec.paused !== true)
      await forgetHistory(pass.deployment, oldSets, current);
    return writeStatus({ deployment: pass.deployment, oldSets }, current);
  }

  async function applyScale(deployment: Deployment, { set, replicas }: Scale): Promise<ReplicaSet> {
    const before = set.spec.replicas ?? 0;
    const after = await setClient.patch(set.metadata.namespace ?? '', set.metadata.name, 'merge', {
      metadata: { resourceVersion: set.metadata.resourceVersion, annotations: sizeAnnotations(deployment) },
      spec: { replicas },
    });
    const direction = replicas > before ? 'up' : 'down';
    recorder.event(
      deployment,
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
    );
    return after;
  }

  /** Sets that keep their size still have to remember the Deployment's, or the next pass would take it for a resize again. */
  async function resize(deployment: Deployment, all: readonly ReplicaSet[]): Promise<void> {
    if (!isScalingEvent(deployment, all)) return;
    for (const set of all) {
      const annotations = sizeAnnotations(deployment);
      const stale = Object.entries(annotations).some(([name, value]) => set.metadata.annotations?.[name] !== value);
      if (stale && (set.spec.replicas ?? 0) > 0)
        await setClient.patch(set.metadata.namespace ?? '', set.metadata.name, 'merge', { metadata: { annotations } });
    }
  }

  async function forgetHistory(
    deployment: Deployment,
    oldSets: readonly ReplicaSet[],
    newSet: ReplicaSet | undefined,
  ): Promise<void> {
    const status = {
      replicas: deployment.status?.replicas ?? 0,
      updatedReplicas: newSet?.status?.replicas ?? 0,
      availableReplicas: newSet?.status?.availableReplicas ?? 0,
    };
    if (!isComplete(deployment, status)) return;
    for (const set of setsToForget(deployment, oldSets)) {
      await setClient
        .delete(set.metadata.namespace ?? '', set.metadata.name, { uid: set.metadata.uid })
        .catch((error: unknown) => {
          if (!isReason(error, 'NotFound')) throw error;
        });
    }
  }

  async function writeStatus(
    pass: Pass,
    newSet: ReplicaSet | undefined,
    createFailure?: string,
  ): Promise<LookAgain | undefined> {
    const { deployment } = pass;
    const all = newSet === undefined ? pass.oldSets : [...pass.oldSets, newSet];
    const status = deploymentStatus(
      { deployment, newSet, sets: all, ...(createFailure === undefined ? {} : { createFailure }) },
      clock.now(),
    );
    if (canonicalJson(status) !== canonicalJson(deployment.status ?? {})) {
      await deploymentClient.patch(
        deployment.metadata.namespace ?? '',
        deployment.metadata.name,
        'merge',
        { metadata: { uid: deployment.metadata.uid }, status },
        { subresource: 'status' },
      );
    }
    const deadline = progressDeadlineMs({ ...deployment, status });
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

const stillRuns = (pod: Pod): boolean =>
  isPodActive(pod) ||
  (pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed');

const selects = (deployment: Deployment, set: ReplicaSet): boolean =>
  matchesLabels(toSelector(deployment.spec.selector), set.metadata.labels ?? {});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
