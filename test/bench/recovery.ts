/**
 * `scripts/bench recovery`: the API server is killed and started again under the load of `scale`. How long until it serves reads, and whether
 * those who watch go on where they were: as many informers as nodes, each of one node's pods, while pods change before, during and after.
 */
import { parseArgs } from 'node:util';
import { type ApiObject, type Pod, realClock, resources } from '@skiff/api';
import { type Client, createInformerFactory, type Informer } from '@skiff/client';
import { connect } from '@skiff/client/connect';
import { silentLogger } from '@skiff/client/testing';
import { type Load, namespaceOf, nodeOf, underLoad } from './load.ts';
import { toLine } from './measure.ts';
import { restReader } from './rest.ts';
import { etcdClient } from './seed.ts';
import type { BenchServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '5000' },
    pods: { type: 'string', default: '150000' },
    /** Folder for the servers' CPU profiles. */
    profile: { type: 'string' },
  },
});
const nodes = options.small ? 20 : Number(options.nodes);
const pods = options.small ? 600 : Number(options.pods);

const perConnection = 250;
const changesPerSecond = 50;
const withinMs = 600_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Watchers {
  readonly informers: readonly Informer<Pod>[];
  /** Lists so far, of all together. */
  lists(): number;
  /** When one of them was last told of something. */
  toldMs(): number;
  stop(): Promise<void>;
}

/** One informer a node, some hundred on a connection. They keep names and versions alone. */
async function watchAll({ grpc, admin }: BenchServer): Promise<Watchers> {
  let lists = 0;
  let toldMs = 0;
  const counted = (client: Client): Client => ({
    resource(of) {
      const collection = client.resource(of);
      return {
        ...collection,
        list(...args) {
          lists += 1;
          return collection.list(...args);
        },
      };
    },
    close: () => client.close(),
  });
  const context = { clock: realClock, random: Math.random, logger: silentLogger };
  const clients = Array.from({ length: Math.ceil(nodes / perConnection) }, () =>
    connect({ endpoints: [grpc], tls: admin, ...context }),
  );
  const factories = clients.map((client) => createInformerFactory({ client: counted(client), ...context }));
  const informers = Array.from({ length: nodes }, (_, node) => {
    const factory = factories[Math.floor(node / perConnection)];
    if (factory === undefined) throw new Error('no connection for that node');
    const transform = ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }: Pod) =>
      ({ apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }) as Pod;
    return factory.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeOf(node)}`, transform });
  });
  await Promise.all(factories.map((factory) => factory.synced()));
  for (const informer of informers)
    informer.onChange(() => {
      toldMs = performance.now();
    });
  return {
    informers,
    lists: () => lists,
    toldMs: () => toldMs,
    async stop() {
      await Promise.all(factories.map((factory) => factory.stop()));
      for (const client of clients) client.close();
    },
  };
}

/** Pods change in the store without pause, the API server there or not: what it misses is what its watchers must be told. */
function startChanges(server: BenchServer, load: Load): () => Promise<number> {
  const client = etcdClient(server);
  let stopped = false;
  const run = async (): Promise<number> => {
    let changed = 0;
    for (; !stopped; changed += 1) {
      const index = (changed * 7919) % load.pods;
      await client.put(load.key(index)).value(load.text(index, changed + 1));
      await sleep(1000 / changesPerSecond);
    }
    client.close();
    return changed;
  };
  const running = run();
  return () => {
    stopped = true;
    return running;
  };
}

/** Every pod's version by name, as the API server lists them now. */
async function listed(server: BenchServer): Promise<Map<string, string>> {
  const client = connect({
    ...{ endpoints: [server.grpc], tls: server.admin, clock: realClock, random: Math.random, logger: silentLogger },
  });
  const versions = new Map<string, string>();
  let token: string | undefined = '';
  while (token !== undefined) {
    const next: string = token;
    const page = await client.resource(resources.pods).list({ limit: 500, ...(next === '' ? {} : { continue: next }) });
    for (const pod of page.items) versions.set(nameOf(pod), pod.metadata.resourceVersion);
    token = page.continue === '' ? undefined : page.continue;
  }
  client.close();
  return versions;
}

const nameOf = ({ metadata }: ApiObject): string => `${metadata.namespace}/${metadata.name}`;

/** Pods that a watcher holds otherwise than the list, or not at all. */
function differences({ informers }: Watchers, list: ReadonlyMap<string, string>): number {
  const held = new Map(
    informers.flatMap((informer) => informer.list().map((pod) => [nameOf(pod), pod.metadata.resourceVersion] as const)),
  );
  const wrong = [...list].filter(([name, version]) => held.get(name) !== version).length;
  return wrong + [...held.keys()].filter((name) => !list.has(name)).length;
}

/** Resolves when a namespace's pods can be listed. */
async function untilServed(server: BenchServer): Promise<void> {
  const beganMs = performance.now();
  for (;;) {
    const reader = restReader(server);
    try {
      await reader.get(`/api/v1/namespaces/${namespaceOf(0)}/pods`);
      return;
    } catch (error) {
      if (performance.now() - beganMs > withinMs) throw error;
      await sleep(20);
    } finally {
      reader.close();
    }
  }
}

async function measure(server: BenchServer, load: Load): Promise<void> {
  const watchers = await watchAll(server);
  const stopChanges = startChanges(server, load);
  await sleep(2000);
  const listsBefore = watchers.lists();
  const crashedMs = performance.now();
  await server.crash();
  const beganMs = performance.now();
  const sinceStart = (): number => performance.now() - beganMs;
  // Ready is who has all of the cache; reads of much else are served before.
  const [readyMs, servedMs] = await Promise.all([
    server.restart().then(sinceStart),
    untilServed(server).then(sinceStart),
  ]);
  await sleep(2000);
  const changes = await stopChanges();
  const list = await listed(server);
  while (differences(watchers, list) > 0 && performance.now() - crashedMs < withinMs) await sleep(200);
  // Not when that was found out: the list alone takes a while.
  const resumedMs = watchers.toldMs() - crashedMs;
  const lost = differences(watchers, list);
  const setting = { nodes, pods, bytes: load.bytes, watchers: nodes, changes, changesPerSecond };
  const line = (name: string, value: number, unit: string, comparedWith: string, compared: number): void =>
    console.log(
      toLine({ name: `recovery.${name}`, values: [value], unit, comparedWith, comparedValues: [compared], setting }),
    );
  line('serving-reads', servedMs, 'ms', 'aim', 5000);
  line('ready', readyMs, 'ms', 'serving reads', servedMs);
  line('all-resumed', resumedMs, 'ms', 'serving reads', servedMs);
  line('relists', watchers.lists() - listsBefore, 'lists', 'watchers', nodes);
  line('lost', lost, 'pods', 'all pods', list.size);
  await watchers.stop();
}

await underLoad({ nodes, pods }, options.profile, measure);
