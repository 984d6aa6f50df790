/** `scripts/bench cold`: from the start of etcd and API server, on an empty folder, to the first object that was created. */
import { parseArgs } from 'node:util';
import { createServiceAccount } from './doors.ts';
import { toLine } from './measure.ts';
import { startServer } from './server.ts';

const { values: options } = parseArgs({
  options: { small: { type: 'boolean', default: false }, runs: { type: 'string', default: '5' } },
});
const runs = options.small ? 1 : Number(options.runs);

/** Milliseconds; etcd and the API server are started at the same time, with certificates that are there. */
async function coldStart(): Promise<number> {
  const server = await startServer();
  try {
    await createServiceAccount(server);
    return performance.now() - server.beganMs;
  } finally {
    await server.stop();
  }
}

const values: number[] = [];
for (let run = 0; run < runs; run += 1) values.push(await coldStart());
const setting = { what: 'etcd and API server together, the first ServiceAccount over gRPC' };
console.log(
  toLine({ name: 'cold.first-create', values, unit: 'ms', comparedWith: 'aim', comparedValues: [1500], setting }),
);
