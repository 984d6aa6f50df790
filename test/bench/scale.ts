/**
 * `scripts/bench scale`: how the API server holds a cluster of Kubernetes' published size: simulated nodes that renew their leases, and pods
 * that run on them. Held against the published objectives: p99 within 1 s for one object, 5 s for the list of a namespace, 30 s for all.
 */
import { parseArgs } from 'node:util';
import { restDoor } from './doors.ts';
import { type Load, namespaceOf, underLoad } from './load.ts';
import { cpuMicroseconds, p99, toLine } from './measure.ts';
import { residentMb } from './memory.ts';
import { type RestReader, readMetric, restReader } from './rest.ts';
import { etcdClient } from './seed.ts';
import type { BenchServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '150000' },
    /** How long it is measured. */
    seconds: { type: 'string', default: '60' },
    /** Folder for the server's CPU profile. */
    profile: { type: 'string' },
  },
});
const nodes = options.small ? 20 : Number(options.nodes);
const pods = options.small ? 600 : Number(options.pods);
const seconds = options.small ? 3 : Number(options.seconds);

/** Rounds of create, get, status patch and delete that begin in a second. */
const roundsPerSecond = 20;
const allEveryMs = 10_000;

interface Times {
  readonly ms: Map<string, number[]>;
  /** Answers that were none: what failed, and how often. */
  readonly failed: Map<string, number>;
}

/** True when it was answered; the time counts either way. */
async function timed({ ms, failed }: Times, name: string, work: () => Promise<unknown>): Promise<boolean> {
  const beganMs = performance.now();
  const answered = await work().then(
    () => true,
    () => false,
  );
  const values = ms.get(name) ?? [];
  values.push(performance.now() - beganMs);
  ms.set(name, values);
  if (!answered) failed.set(name, (failed.get(name) ?? 0) + 1);
  return answered;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The verbs on single objects, at a steady pace however long each takes. */
async function singles(server: BenchServer, times: Times, untilMs: number): Promise<void> {
  const door = restDoor(server);
  const round = async (index: number): Promise<void> => {
    for (const verb of ['create', 'get', 'status-patch', 'delete'] as const)
      if (!(await timed(times, verb, () => door.run(verb, `round-${index}`, index))) && verb === 'create') return;
  };
  const running: Promise<void>[] = [];
  while (performance.now() < untilMs) {
    running.push(round(running.length));
    await sleep(1000 / roundsPerSecond);
  }
  await Promise.all(running);
  door.close();
}

async function lists(reader: RestReader, times: Times, untilMs: number, name: string, pauseMs: number): Promise<void> {
  const path = (index: number): string =>
    name === 'list-all' ? '/api/v1/pods' : `/api/v1/namespaces/${namespaceOf((index * 7919) % pods)}/pods`;
  for (let index = 0; index === 0 || performance.now() < untilMs; index += 1) {
    await timed(times, name, () => reader.get(path(index)));
    await sleep(pauseMs);
  }
}

/** Renewals of leases that etcd sees a second. */
async function countLeases(server: BenchServer): Promise<() => Promise<number>> {
  const client = etcdClient(server);
  const watch = await client.watch().prefix('/registry/coordination.k8s.io/leases/kube-node-lease/').create();
  const beganMs = performance.now();
  let seen = 0;
  watch.on('put', () => {
    seen += 1;
  });
  return async () => {
    const perSecond = (seen * 1000) / (performance.now() - beganMs);
    await watch.cancel();
    client.close();
    return perSecond;
  };
}

async function measure(server: BenchServer, load: Load): Promise<void> {
  const readers = [restReader(server), restReader(server), restReader(server)] as const;
  const times: Times = { ms: new Map(), failed: new Map() };
  const leases = await countLeases(server);
  // Reading it sets the longest block back.
  await readMetric(readers[2], longestBlock);
  const cpuBefore = await cpuMicroseconds(server.pid);
  const untilMs = performance.now() + seconds * 1000;
  const beganMs = performance.now();
  let block = 0;
  let resident = 0;
  const watchServer = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await sleep(1000);
      block = Math.max(block, (await readMetric(readers[2], longestBlock)) * 1000);
      resident = Math.max(resident, await residentMb(server.pid));
    }
  };
  await Promise.all([
    singles(server, times, untilMs),
    lists(readers[0], times, untilMs, 'list-namespace', 200),
    lists(readers[1], times, untilMs, 'list-all', allEveryMs),
    watchServer(),
  ]);
  const cpu = ((await cpuMicroseconds(server.pid)) - cpuBefore) / 10_000 / ((performance.now() - beganMs) / 1000);
  const setting = { nodes, pods, bytes: load.bytes, podsPerNamespace: load.podsPerNamespace, seconds };
  const line = (name: string, value: number, unit: string, comparedWith: string, compared: number): void =>
    console.log(
      toLine({ name: `scale.${name}`, values: [value], unit, comparedWith, comparedValues: [compared], setting }),
    );
  for (const [name, values] of times.ms) {
    const aim = name === 'list-all' ? 5000 : name === 'list-namespace' ? 500 : 50;
    line(`${name}.p99`, p99(values), 'ms', `aim (limit: ${limitMs(name)} ms)`, aim);
    line(`${name}.failed`, times.failed.get(name) ?? 0, 'requests', 'all of them', values.length);
  }
  line('leases', await leases(), 'renewals/s', 'one each ten seconds', nodes / 10);
  line('server.cpu', cpu, '% of a core', 'both cores', 200);
  line('server.resident', resident, 'MiB', 'aim', 1.5 * 1024);
  line('server.heap-used', (await readMetric(readers[2], 'nodejs_heap_size_used_bytes')) / 2 ** 20, 'MiB', 'aim', 1536);
  line('server.longest-block', block, 'ms', 'aim', 50);
  line('etcd.resident', await residentMb(server.etcdPid), 'MiB', 'the API server', resident);
  line('simulation.ready', load.readySeconds, 's', 'nodes', nodes);
  for (const reader of readers) reader.close();
}

const limitMs = (name: string): number => (name === 'list-all' ? 30_000 : name === 'list-namespace' ? 5000 : 1000);
/** In seconds, since it was last read; in it are the ten milliseconds between two looks. */
const longestBlock = 'nodejs_eventloop_lag_max_seconds';

await underLoad({ nodes, pods }, options.profile, measure);
