/**
 * `scripts/bench api`: how many pods a second the API server creates, reads, changes and deletes, held against etcd's own puts and
 * gets of the same bytes, by the same client library, in the same run. One line of JSON a metric.
 */
import { parseArgs } from 'node:util';
import {
  createServiceAccount,
  type Door,
  grpcDoor,
  type RawEtcd,
  rawEtcd,
  restDoor,
  type Verb,
  verbs,
} from './doors.ts';
import { cpuMicroseconds, type Metric, rate, summarise, toLine } from './measure.ts';
import { startServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    /** A smoke test: everything once, few of each. */
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    'in-flight': { type: 'string', default: '1,64,256' },
    doors: { type: 'string', default: 'grpc,rest' },
    verbs: { type: 'string', default: verbs.join(',') },
    /** Folder for the server's CPU profile. */
    profile: { type: 'string' },
  },
});

const runs = options.small ? 1 : Number(options.runs);
const levels = options['in-flight'].split(',').map(Number);
const countOf = (inFlight: number): number => (options.small ? inFlight * 2 : inFlight === 1 ? 400 : 4000);

/** Values of each metric, run by run. */
const measured = new Map<string, number[]>();
const note = (name: string, value: number): void => {
  measured.set(name, [...(measured.get(name) ?? []), value]);
};

async function measureRaw(raw: RawEtcd, text: string, inFlight: number): Promise<void> {
  const count = countOf(inFlight);
  const measure = async (name: string, work: (index: number) => Promise<unknown>): Promise<void> => {
    const before = await cpuMicroseconds(process.pid);
    note(name, await rate(inFlight, count, work));
    note(`${name} cpu`, ((await cpuMicroseconds(process.pid)) - before) / count);
  };
  const nameOf = (index: number): string => `${inFlight}-${index}`;
  await measure(`put ${inFlight}`, (index) => raw.put(nameOf(index), text));
  await measure(`get ${inFlight}`, (index) => raw.get(nameOf(index)));
  await raw.clear();
}

async function measureDoor(door: Door, run: number, inFlight: number): Promise<void> {
  const nameOf = (index: number): string => `${door.name}-${run}-${inFlight}-${index}`;
  for (const verb of verbs) {
    if (!options.verbs.split(',').includes(verb) && verb !== 'create' && verb !== 'delete') continue;
    const work = (index: number): Promise<unknown> => door.run(verb, nameOf(index), index);
    const before = await cpuMicroseconds(server.pid);
    note(`${door.name} ${verb} ${inFlight}`, await rate(inFlight, countOf(inFlight), work));
    const used = (await cpuMicroseconds(server.pid)) - before;
    note(`${door.name} ${verb} ${inFlight} cpu`, used / countOf(inFlight));
  }
}

function metricsOf(door: Door, verb: Verb, inFlight: number, bytes: number): Metric[] {
  const peer = verb === 'get' ? 'get' : 'put';
  const setting = { inFlight, count: countOf(inFlight), bytes };
  const own = `${door.name} ${verb} ${inFlight}`;
  return [
    {
      ...{ name: `api.${door.name}.${verb}.${inFlight}`, unit: 'pods/s', setting },
      values: measured.get(own) ?? [],
      comparedWith: `raw etcd ${peer}s`,
      comparedValues: measured.get(`${peer} ${inFlight}`) ?? [],
    },
    // Less at the mercy of what else the machine does.
    {
      ...{ name: `api.${door.name}.${verb}.${inFlight}.cpu`, unit: 'us/pod', setting },
      values: measured.get(`${own} cpu`) ?? [],
      comparedWith: `CPU of the client of a raw etcd ${peer}`,
      comparedValues: measured.get(`${peer} ${inFlight} cpu`) ?? [],
    },
  ];
}

const server = await startServer(options.profile === undefined ? {} : { profileTo: options.profile });
const raw = rawEtcd(server);
const doors = [grpcDoor(server), restDoor(server)].filter(({ name }) => options.doors.split(',').includes(name));
try {
  await createServiceAccount(server);
  const [first] = doors;
  if (first === undefined) throw new Error(`--doors names none of grpc, rest`);
  await first.run('create', 'sample', 0);
  const text = await raw.stored('sample');
  // What runs once is compiled late: a first round that nobody counts.
  if (!options.small) for (const door of doors) await rate(64, 4000, (index) => warmUp(door, index));
  for (let run = 0; run < runs; run += 1)
    for (const inFlight of levels) {
      await measureRaw(raw, text, inFlight);
      for (const door of doors) await measureDoor(door, run, inFlight);
    }
  for (const inFlight of levels)
    for (const door of doors)
      for (const verb of verbs) {
        // So few calls that the peer used no whole tick of CPU tell nothing.
        for (const metric of metricsOf(door, verb, inFlight, text.length))
          if (summarise(metric.comparedValues).median > 0 && metric.values.length > 0) console.log(toLine(metric));
      }
} finally {
  for (const door of doors) door.close();
  raw.close();
  await server.stop();
}

async function warmUp(door: Door, index: number): Promise<void> {
  for (const verb of verbs) await door.run(verb, `warm-${door.name}-${index}`, index);
}
