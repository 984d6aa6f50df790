/**
 * `scripts/bench list`: lists of many pods over REST: time to the first byte, to the last, and what the server needs in memory for it, held
 * against reading the same documents from etcd, 500 a page, with the server's client library.
 */
import { parseArgs } from 'node:util';
import { toLine } from './measure.ts';
import { peakMb, resetPeak, residentMb } from './memory.ts';
import { restReader, startPings } from './rest.ts';
import { etcdClient, seedPods } from './seed.ts';
import { type BenchServer, startServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    pods: { type: 'string', default: '10000,150000' },
  },
});
const runs = options.small ? 1 : Number(options.runs);
const counts = options.small ? [500] : options.pods.split(',').map(Number);

/** Milliseconds to read everything under the pods' prefix. */
async function readRaw(server: BenchServer): Promise<number> {
  const client = etcdClient(server);
  const beganMs = performance.now();
  const prefix = '/registry/core/pods/';
  for (let after = prefix; ; ) {
    const { kvs } = await client
      .getAll()
      .inRange({ start: `${after}\0`, end: '/registry/core/pods0' })
      .limit(500)
      .exec();
    const last = kvs.at(-1);
    if (last === undefined) break;
    after = last.key.toString();
  }
  client.close();
  return performance.now() - beganMs;
}

async function measure(count: number): Promise<void> {
  const server = await startServer();
  const [reader, pinger] = [restReader(server), restReader(server)];
  try {
    const bytes = await seedPods(server, count, Math.ceil(count / 30));
    const runsOf = {
      first: [] as number[],
      total: [] as number[],
      raw: [] as number[],
      above: [] as number[],
      block: [] as number[],
    };
    let answerBytes = 0;
    for (let run = 0; run < runs; run += 1) {
      runsOf.raw.push(await readRaw(server));
      const restingMb = await residentMb(server.pid);
      await resetPeak(server.pid);
      const pings = startPings(pinger);
      const list = await reader.get('/api/v1/pods');
      runsOf.block.push(await pings.stop());
      runsOf.first.push(list.firstByteMs);
      runsOf.total.push(list.totalMs);
      runsOf.above.push((await peakMb(server.pid)) - restingMb);
      answerBytes = list.bytes;
    }
    const setting = { pods: count, bytes, answerBytes };
    const line = (name: string, unit: string, values: number[], comparedWith: string, comparedValues: number[]): void =>
      console.log(toLine({ name: `list.${count}.${name}`, unit, values, comparedWith, comparedValues, setting }));
    line('first-byte', 'ms', runsOf.first, 'reading all from etcd', runsOf.raw);
    line('total', 'ms', runsOf.total, 'reading all from etcd', runsOf.raw);
    line('peak-above-resting', 'MiB', runsOf.above, 'aim', [64]);
    line('longest-wait-beside', 'ms', runsOf.block, 'aim', [50]);
  } finally {
    reader.close();
    pinger.close();
    await server.stop();
  }
}

for (const count of counts) await measure(count);
