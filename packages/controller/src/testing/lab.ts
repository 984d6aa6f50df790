/** A cluster in memory with controllers running on it and a make-believe kubelet, for tests of reconciles. */
import { type ApiObject, formatTime, isReason, type Pod, resources, setCondition } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { createEventRecorder, createInformerFactory } from '@skiff/client';
import { createTestCluster, type Interceptor, intercept, silentLogger, type TestCluster } from '@skiff/client/testing';
import { createCatalog } from '../catalog.ts';
import { storedKinds } from '../kinds.ts';
import { type Controller, runController } from '../runtime/controller.ts';

export type LabContext = ReturnType<typeof contextOf>;

export interface Lab {
  readonly cluster: TestCluster;
  /** Lets the controllers work until nothing is written any more. */
  quiet(): Promise<void>;
  /** Moves the clock on, then waits until all is quiet. */
  pass(seconds: number): Promise<void>;
  /** Every pod that waits comes up Running and Ready; every pod that is being deleted goes. Repeats until nothing changes. */
  kubelet(options?: KubeletOptions): Promise<void>;
  /** `reason: message` of every event about the named object, repeats folded. */
  events(name: string): string[];
  stop(): Promise<void>;
}

export interface KubeletOptions {
  /** Which pods come up; all by default. */
  readonly ready?: (pod: Pod) => boolean;
  /** How many rounds at most; until quiet by default. */
  readonly rounds?: number;
}

function contextOf(cluster: TestCluster, faults: Interceptor) {
  const client = intercept(cluster.client, faults);
  const shell = { client, clock: cluster.clock, random: cluster.random, logger: silentLogger };
  const separate = () => createInformerFactory({ ...shell, freeze: true });
  const informers = separate();
  return {
    ...shell,
    informers,
    catalog: createCatalog({ builtin: storedKinds(builtinDefinitions()), informers, separate }),
    recorder: createEventRecorder({ ...shell, client: cluster.client, component: 'kube-controller-manager' }),
  };
}

/** `seed` fills the cluster before anything runs; `faults` meddles with the controllers' calls. */
export async function startLab(
  make: (context: LabContext) => readonly Controller[],
  seed: (cluster: TestCluster) => void = () => undefined,
  faults: Interceptor = {},
): Promise<Lab> {
  const cluster = createTestCluster();
  seed(cluster);
  const context = contextOf(cluster, faults);
  const stopping = new AbortController();
  const controllers = make(context);
  await context.informers.synced();
  const running = controllers.map((controller) => runController(controller, context, stopping.signal));

  async function quiet(): Promise<void> {
    for (let still = 0, version = -1; still < 4; ) {
      await cluster.clock.advance(20);
      still = cluster.version === version ? still + 1 : 0;
      version = cluster.version;
    }
  }

  const lab: Lab = {
    cluster,
    quiet,
    async pass(seconds) {
      await cluster.clock.advance(seconds * 1000);
      await quiet();
    },
    async kubelet({ ready = () => true, rounds = 100 } = {}) {
      await quiet();
      for (let round = 0, version = -1; round < rounds && version !== cluster.version; round += 1) {
        version = cluster.version;
        for (const pod of cluster.all(resources.pods)) await tend(cluster, pod, ready(pod));
        await quiet();
      }
    },
    events: (name) =>
      cluster
        .all(resources.events)
        .filter((event) => event.involvedObject.name === name)
        .map((event) => `${event.reason}: ${event.message}`),
    async stop() {
      stopping.abort(new Error('the test is over'));
      await context.informers.stop();
      await Promise.all(running);
    },
  };
  return lab;
}

async function tend(cluster: TestCluster, pod: Pod, ready: boolean): Promise<void> {
  const pods = cluster.client.resource(resources.pods);
  const { namespace = '', name, uid } = pod.metadata;
  try {
    if (pod.metadata.deletionTimestamp !== undefined)
      await pods.delete(namespace, name, { uid, gracePeriodSeconds: 0 });
    else if (ready && (pod.status?.phase ?? 'Pending') === 'Pending')
      await pods.updateStatus(asRunning(pod, cluster.clock.now()));
  } catch (error) {
    if (!isReason(error, 'NotFound', 'Conflict')) throw error;
  }
}

/** The pod, Running and Ready since `nowMs`. */
export const asRunning = (pod: Pod, nowMs: number): Pod => ({
  ...pod,
  status: {
    ...pod.status,
    phase: 'Running',
    startTime: formatTime(nowMs),
    podIP: pod.status?.podIP ?? '10.0.0.1',
    conditions: setCondition(pod.status?.conditions, { type: 'Ready', status: 'True' }, nowMs),
  },
});

/** Ends a pod: `Succeeded`, or `Failed` with what the test says about why. */
export async function finishPod(
  cluster: TestCluster,
  name: string,
  phase: 'Succeeded' | 'Failed',
  status: NonNullable<Pod['status']> = {},
): Promise<void> {
  const pods = cluster.client.resource(resources.pods);
  const pod = await pods.get('default', name);
  const conditions = setCondition(pod.status?.conditions, { type: 'Ready', status: 'False' }, cluster.clock.now());
  await pods.updateStatus({ ...pod, status: { ...pod.status, conditions, ...status, phase } });
}

export const names = (objects: readonly ApiObject[]): string[] => objects.map((object) => object.metadata.name);
