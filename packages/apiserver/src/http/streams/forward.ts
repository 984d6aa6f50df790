/** Port forwarding over SPDY (`portforward.k8s.io`): each connection is a pair of streams, `error` and `data`, that share a request id. */
import { ApiError, toApiError } from '@skiff/api';
import type { NodeStream } from '../../link/node-stream.ts';
import type { SpdyConnection, SpdyStream } from './spdy-connection.ts';

interface Pair {
  error?: SpdyStream;
  data?: SpdyStream;
}

/** Pairs that wait for their other half. A client that opens more is up to no good. */
const maxHalfPairs = 100;

/** Serves connections until the client or the server ends. Never throws: a fault of one connection is told on its own error stream. */
export async function serveForward(
  connection: SpdyConnection,
  open: (port: number) => NodeStream,
  signal: AbortSignal,
): Promise<void> {
  const onAbort = (): void => connection.close();
  signal.addEventListener('abort', onAbort, { once: true });
  const halves = new Map<string, Pair>();
  const live = new Set<NodeStream>();
  for await (const stream of connection.streams()) {
    const id = stream.headers.get('requestid') ?? stream.headers.get('port') ?? '';
    const role = stream.headers.get('streamtype');
    const pair = halves.get(id) ?? {};
    if ((role !== 'error' && role !== 'data') || pair[role] !== undefined || halves.size >= maxHalfPairs) {
      stream.reset();
      continue;
    }
    pair[role] = stream;
    if (role === 'error') stream.discard();
    halves.set(id, pair);
    if (pair.error === undefined || pair.data === undefined) continue;
    halves.delete(id);
    void carry(pair.data, pair.error, open, live);
  }
  for (const stream of live) stream.cancel();
  signal.removeEventListener('abort', onAbort);
}

/** One forwarded connection. */
async function carry(
  data: SpdyStream,
  error: SpdyStream,
  open: (port: number) => NodeStream,
  live: Set<NodeStream>,
): Promise<void> {
  let stream: NodeStream | undefined;
  try {
    stream = open(portOf(data.headers.get('port')));
    live.add(stream);
    void feed(data, stream);
    for await (const output of stream.output()) await data.write(output.data);
  } catch (fault) {
    await error.write(Buffer.from(toApiError(fault).message));
  } finally {
    if (stream !== undefined) live.delete(stream);
    stream?.cancel();
    data.discard();
    await data.end();
    await error.end();
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined || !/^\d{1,5}$/.test(text))
    throw new ApiError('BadRequest', `unable to parse ${JSON.stringify(text ?? '')} as a port`);
  return Number(text);
}

async function feed(data: SpdyStream, stream: NodeStream): Promise<void> {
  try {
    for await (const piece of data.data()) await stream.write(piece);
    stream.endInput();
  } catch {
    // The pod's side ended first.
  }
}
