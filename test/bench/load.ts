/**
 * The load that scale is measured under: simulated nodes that renew their leases over connections of their own, and pods that run on them. The
 * pods are copies, written past the API server, of one that a simulated node has run, so nothing is left to report when the nodes come up.
 */
import { nodeAddress } from '@skiff/agent/sim';
import { createServiceAccount, dialGrpc, rawEtcd } from './doors.ts';
import { boundPodDocument, namespace } from './pods.ts';
import { putAll } from './seed.ts';
import { type BenchServer, startServer } from './server.ts';
import { type Simulation, startSimulation } from './simulation.ts';

export interface LoadSize {
  readonly nodes: number;
  readonly pods: number;
}

export interface Load extends LoadSize {
  /** Of a stored pod. */
  readonly bytes: number;
  readonly podsPerNamespace: number;
  readonly simulation: Simulation;
  /** From the start of the simulation until every node was Ready. */
  readonly readySeconds: number;
  /** The stored text of pod number `index`, with an annotation that tells one version from another. */
  text(index: number, version?: number): string;
  key(index: number): string;
}

export const nodeOf = (index: number): string => `sim-${index}`;
export const namespaceOf = (index: number): string => `load-${Math.floor(index / podsPerNamespace)}`;
const podsPerNamespace = 3000;
const nameOf = (index: number): string => `pod-${index}`;
const sampleNode = 0;

/** Starts a server with the load, measures, and stops both, whatever comes of it. `profile` is a folder for the server's CPU profile. */
export async function underLoad(
  size: LoadSize,
  profile: string | undefined,
  measure: (server: BenchServer, load: Load) => Promise<void>,
): Promise<void> {
  const server = await startServer(profile === undefined ? {} : { profileTo: profile });
  try {
    await createServiceAccount(server);
    const load = await startLoad(server, size);
    try {
      await measure(server, load);
    } finally {
      await load.simulation.stop();
    }
  } finally {
    await server.stop();
  }
}

/** Needs the service account that pods run as. */
async function startLoad(server: BenchServer, { nodes, pods }: LoadSize): Promise<Load> {
  const sample = await runSample(server);
  const text = (index: number, version = 0): string => {
    const node = index % nodes;
    const { metadata, spec, status } = sample;
    const annotations = { ...metadata.annotations, 'bench.skiff.io/version': String(version) };
    const uid = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
    const hostIP = nodeAddress(node);
    return JSON.stringify({
      ...sample,
      metadata: { ...metadata, name: nameOf(index), namespace: namespaceOf(index), uid, annotations },
      spec: { ...spec, nodeName: nodeOf(node) },
      status: { ...status, hostIP, hostIPs: [{ ip: hostIP }] },
    });
  };
  const key = (index: number): string => `/registry/core/pods/${namespaceOf(index)}/${nameOf(index)}`;
  const beganMs = performance.now();
  await putAll(server, pods, (index) => [key(index), text(index)]);
  console.error(`${pods} pods are in etcd after ${Math.round((performance.now() - beganMs) / 1000)} s`);
  const simulation = startSimulation(server, nodes);
  const readySeconds = await simulation.ready.catch(async (error: unknown) => {
    await simulation.stop();
    throw error;
  });
  return { nodes, pods, bytes: text(0).length, podsPerNamespace, simulation, readySeconds, text, key };
}

interface Sample {
  readonly metadata: {
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly { readonly subresource?: string }[];
  };
  readonly spec: object;
  readonly status: object;
}

/** A pod as the API server stores it once a simulated node has run it. */
async function runSample(server: BenchServer): Promise<Sample> {
  const [grpc, raw] = [dialGrpc(server), rawEtcd(server)];
  const target = (name: string) => ({ group: '', version: 'v1', resource: 'pods', namespace, name, subresource: '' });
  const simulation = startSimulation(server, 1, '--first', String(sampleNode));
  try {
    await simulation.ready;
    await grpc.call('Create', { target: target(''), object: { json: boundPodDocument('sample', nodeOf(sampleNode)) } });
    for (;;) {
      const text = await raw.stored('sample');
      if (text.includes('"ready":true')) {
        await grpc.call('Delete', { target: target('sample'), options: { gracePeriodSeconds: 0 } });
        return withoutCreator(JSON.parse(text));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    await simulation.stop();
    grpc.close();
    raw.close();
  }
}

/** Down to 2.7 kB: only the node's own fields are managed. */
function withoutCreator(sample: Sample): Sample {
  const managedFields = sample.metadata.managedFields.filter(({ subresource }) => subresource === 'status');
  return { ...sample, metadata: { ...sample.metadata, managedFields } };
}
