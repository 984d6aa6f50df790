/** Puts the pods' parts together: what the API wants of this node, and the worker that brings it about. */
import type { Node, Pod, Service } from '@skiff/api';
import {
  createEventRecorder,
  createInformerFactory,
  createWorkQueue,
  type Informer,
  type InformerContext,
  type Lister,
} from '@skiff/client';
import type { Pressure } from '../eviction/thresholds.ts';
import type { PodNetwork } from '../network/contract.ts';
import { createProbeTally, type ProbeTally } from '../probes/tally.ts';
import { createReferences } from '../references.ts';
import type { Runtime } from '../runtime/contract.ts';
import { StatusReporter } from '../status/reporter.ts';
import { VolumeManager } from '../volumes/manager.ts';
import type { MountTable } from '../volumes/mount-table.ts';
import { createTokenSource } from '../volumes/tokens.ts';
import type { Eviction } from './facts.ts';
import { PodHealth } from './health.ts';
import { isTerminal } from './spec.ts';
import { type NodeFacts, PodTasks } from './tasks.ts';
import { PodWorker } from './worker.ts';

export interface PodsDeps {
  readonly context: InformerContext;
  readonly runtime: Runtime;
  readonly network: PodNetwork;
  readonly mounts: MountTable;
  readonly rootDir: string;
  readonly facts: NodeFacts;
  /** The pods that are bound to this node. */
  readonly pods: Informer<Pod>;
  readonly services: Lister<Service>;
  readonly node: () => Node | undefined;
  readonly pressures: () => ReadonlySet<Pressure>;
}

export interface Pods {
  /** Pods that this node runs or is about to, and that are to stay. */
  active(): readonly Pod[];
  evict(uid: string, why: Eviction): void;
  /** Bytes that an emptyDir of the pod takes on disk. */
  volumeBytes(pod: Pod, volume: string): Promise<number>;
  /** With the newest status that the agent made; undefined once nothing of it is here. */
  get(uid: string): Pod | undefined;
  readonly probes: ProbeTally;
  /** Runs until the signal aborts; containers are left as they are. */
  run(signal: AbortSignal): Promise<void>;
}

export function createPods(deps: PodsDeps, signal: AbortSignal): Pods {
  const { context, rootDir, facts, mounts } = deps;
  const { client, clock } = context;
  const events = createEventRecorder({ ...context, component: 'kubelet', host: facts.name });
  const references = createReferences(
    () => createInformerFactory(context),
    (uids) => {
      for (const uid of uids) worker.referenceChanged(uid);
    },
  );
  const tokens = createTokenSource(client, clock);
  const volumes = new VolumeManager({ root: rootDir, clock, mounts, tokens, pid: process.pid });
  const shared = { ...context, ...deps, events, references, volumes };
  const tasks = new PodTasks({ ...shared, node: facts });
  const probes = createProbeTally();
  const health = new PodHealth({
    ...shared,
    tally: probes,
    onChange: (uid) => worker.touch(uid),
    targetOf: (record, declared, containerId) => tasks.target(record, declared.spec, containerId),
  });
  const reporter = new StatusReporter({ ...context, onLanded: (uid) => worker.touch(uid), signal });
  const queue = createWorkQueue(context);
  const worker: PodWorker = new PodWorker({
    ...{ ...shared, queue, tasks, health, reporter, hostIPs: facts.ips },
    node() {
      const node = deps.node();
      const allocatable = node?.status?.allocatable;
      return node === undefined || allocatable === undefined ? undefined : { node, allocatable };
    },
  });
  return {
    probes,
    active: () =>
      [...worker.records]
        .filter(({ presence, eviction, pod }) => presence === 'wanted' && eviction === undefined && !isTerminal(pod))
        .map(({ pod }) => pod),
    evict: (uid, why) => worker.evict(uid, why),
    volumeBytes: (pod, volume) => volumes.bytesOf(pod, volume),
    get(uid) {
      const pod = worker.record(uid)?.pod;
      const status = pod === undefined ? undefined : reporter.latest(pod);
      return pod === undefined || status === undefined ? pod : { ...pod, status: { ...pod.status, ...status } };
    },
    async run(running) {
      try {
        await worker.run(running);
      } finally {
        await references.stop();
      }
    },
  };
}
