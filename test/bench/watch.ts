/**
 * `scripts/bench watch`: how fast changes reach those who watch, over gRPC: events a second to 1, 100 and 1,000 watchers of everything; how late they
 * come at a steady rate of writes; and what thousands of watchers cost that each see one node's pods. The peer is etcd's own watch of the same
 * writes, by the server's client library, in the same run; for many watchers of one node each, the same writes without them.
 */
import { parseArgs } from 'node:util';
import type { Etcd3 } from 'etcd3';
import { createServiceAccount, grpcDoor, rawEtcd } from './doors.ts';
import { cpuMicroseconds, p99, rate, toLine } from './measure.ts';
import { namespace } from './pods.ts';
import { etcdClient } from './seed.ts';
import { type BenchServer, startServer } from './server.ts';
import { openWatches, type Watches } from './watches.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    profile: { type: 'string' },
    watchers: { type: 'string', default: '1,100,1000' },
    /** Writes of one burst, by watchers: so many that a burst lasts some seconds. */
    nodes: { type: 'string', default: '5000' },
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
  },
});
const small = options.small;
const levels = small ? [1, 10] : options.watchers.split(',').map(Number);
const nodes = small ? 20 : Number(options.nodes);
const writesPerSecond = small ? 100 : Number(options.rate);
const seconds = small ? 1 : Number(options.seconds);

/**
 * Puts pods past the API server: what is measured is the way from the store to the watchers. Each stays on its node: whoever sees a pod leave
 * is shown it as it was before, with the time of an earlier write.
 */
function writer(client: Etcd3, text: string) {
  const sample = JSON.parse(text);
  let written = 0;
  return (index: number): Promise<unknown> => {
    written += 1;
    const place = index % nodes;
    const name = `written-${place}`;
    const labels = { ...sample.metadata.labels, at: String(Math.round(performance.timeOrigin + performance.now())) };
    const metadata = { ...sample.metadata, name, uid: name, labels, generation: written };
    const spec = { ...sample.spec, nodeName: `sim-${place}` };
    return client
      .put(`/registry/core/pods/${namespace}/${name}`)
      .value(JSON.stringify({ ...sample, metadata, spec }))
      .exec();
  };
}

/** Writes `count` times at a steady pace, on a grid of ten milliseconds. */
async function steadily(count: number, write: (index: number) => Promise<unknown>): Promise<void> {
  const beganMs = performance.now();
  const pending: Promise<unknown>[] = [];
  while (pending.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - beganMs) * writesPerSecond) / 1000));
    while (pending.length < due) pending.push(write(pending.length));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.all(pending);
}

/** Events a second that one watch of etcd itself delivers of a burst. */
async function rawRate(client: Etcd3, count: number, write: (index: number) => Promise<unknown>): Promise<number> {
  const watch = await client.watch().prefix('/registry/core/pods/').create();
  let seen = 0;
  const all = new Promise<void>((resolve) => {
    watch.on('put', () => {
      seen += 1;
      if (seen === count) resolve();
    });
  });
  const beganMs = performance.now();
  await rate(64, count, write);
  await all;
  const perSecond = (count * 1000) / (performance.now() - beganMs);
  await watch.cancel();
  return perSecond;
}

async function fanOut(server: BenchServer, write: (index: number) => Promise<unknown>, raw: number): Promise<void> {
  for (const watchers of levels) {
    const count = small ? 50 : watchers >= 1000 ? 300 : watchers >= 100 ? 2000 : 5000;
    const watches = await openWatches(
      server,
      Array.from({ length: watchers }, () => ''),
    );
    const cpuBefore = await cpuMicroseconds(server.pid);
    const beganMs = performance.now();
    await rate(64, count, write);
    await watches.reached(count * watchers);
    const value = (count * watchers * 1000) / (performance.now() - beganMs);
    const cpu = ((await cpuMicroseconds(server.pid)) - cpuBefore) / (count * watchers);
    await watches.close();
    const setting = { watchers, writes: count };
    const peer = { comparedWith: 'one watch of etcd itself', comparedValues: [raw] };
    console.log(toLine({ name: `watch.fan-out.${watchers}`, values: [value], unit: 'events/s', ...peer, setting }));
    const aim = { comparedWith: 'aim, both cores', comparedValues: [10] };
    console.log(toLine({ name: `watch.fan-out.${watchers}.cpu`, values: [cpu], unit: 'us/event', ...aim, setting }));
  }
}

async function paced(
  name: string,
  server: BenchServer,
  selectors: readonly string[],
  write: (index: number) => Promise<unknown>,
): Promise<{ readonly cpu: number }> {
  const count = writesPerSecond * seconds;
  const watches: Watches = await openWatches(server, selectors);
  const cpuBefore = await cpuMicroseconds(server.pid);
  await steadily(count, write);
  const everything = selectors.every((selector) => selector === '');
  await watches.reached(everything ? count * selectors.length : count);
  const cpu = ((await cpuMicroseconds(server.pid)) - cpuBefore) / count;
  const setting = { watchers: selectors.length, writesPerSecond, seconds };
  const aim = { comparedWith: 'aim', comparedValues: [100] };
  if (selectors.length > 0)
    console.log(toLine({ name: `watch.${name}.p99`, values: [p99(watches.delaysMs)], unit: 'ms', ...aim, setting }));
  await watches.close();
  return { cpu };
}

const server = await startServer(options.profile === undefined ? {} : { profileTo: options.profile });
const client = etcdClient(server);
const [door, raw] = [grpcDoor(server), rawEtcd(server)];
try {
  await createServiceAccount(server);
  await door.run('create', 'sample', 0);
  const write = writer(client, await raw.stored('sample'));
  await rate(64, 1000, write);
  await fanOut(server, write, await rawRate(client, small ? 50 : 5000, write));
  const hundred = Array.from({ length: small ? 10 : 100 }, () => '');
  await paced('delay', server, hundred, write);
  const alone = await paced('alone', server, [''], write);
  const perNode = Array.from({ length: nodes }, (_, index) => `spec.nodeName=sim-${index}`);
  const many = await paced('per-node', server, perNode, write);
  const setting = { watchers: nodes, writesPerSecond, seconds };
  const peer = { comparedWith: 'one watcher of everything', comparedValues: [alone.cpu] };
  console.log(toLine({ name: 'watch.per-node.cpu', values: [many.cpu], unit: 'us/write', ...peer, setting }));
} finally {
  client.close();
  door.close();
  raw.close();
  await server.stop();
}
