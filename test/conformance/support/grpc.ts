/** The administrator's gRPC client. */
import { type Logger, realClock } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { connect } from '@skiff/client/connect';
import { cluster } from '../../e2e/cluster.ts';
import { door } from './rest.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Runs `use` with a client that is closed afterwards. */
export async function overGrpc<T>(use: (client: SkiffClient) => Promise<T>): Promise<T> {
  const client = connect({
    userAgent: 'conformance',
    endpoints: [`${new URL(door.server).hostname}:${cluster.place.grpcPort}`],
    tls: { ca: String(door.ca), cert: String(door.cert), key: String(door.key) },
    clock: realClock,
    random: Math.random,
    logger: silent,
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
