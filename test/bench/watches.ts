/** Many watches of pods over gRPC, some hundred on a connection; they count what comes and how late it is. */
import { dialGrpc } from './doors.ts';
import type { BenchServer } from './server.ts';

export interface Watches {
  /** Resolves when so many events have come in all; rejects when a watch ends before. */
  reached(events: number): Promise<void>;
  /** Of the events that say when they were written, a sample of at most a hundred thousand. */
  readonly delaysMs: readonly number[];
  close(): void;
}

const perConnection = 250;
const maxSamples = 100_000;

interface Batch {
  readonly events: readonly { readonly type: string; readonly json: string }[];
}

/** One watch for each field selector ('' for everything), from the newest version on. */
export async function openWatches(server: BenchServer, selectors: readonly string[]): Promise<Watches> {
  const connections = Array.from({ length: Math.ceil(selectors.length / perConnection) }, () => dialGrpc(server));
  const [first] = connections;
  if (first === undefined) throw new Error('no watches asked for');
  const target = { group: '', version: 'v1', resource: 'pods', namespace: '', name: '', subresource: '' };
  const list = (await first.call('List', { target, limit: '1' })) as { readonly resourceVersion: string };
  const delaysMs: number[] = [];
  let seen = 0;
  let awaited: { readonly events: number; readonly resolve: () => void } | undefined;
  let fail: (error: Error) => void = () => undefined;
  let closed = false;
  const take = ({ events }: Batch): void => {
    const nowMs = performance.timeOrigin + performance.now();
    for (const { type, json } of events) {
      if (type === 'EVENT_TYPE_BOOKMARK') continue;
      seen += 1;
      const [, at] = (delaysMs.length < maxSamples ? /"at":"(\d+)"/.exec(json) : null) ?? [];
      if (at !== undefined) delaysMs.push(nowMs - Number(at));
    }
    if (awaited !== undefined && seen >= awaited.events) awaited.resolve();
  };
  const calls = selectors.map((fieldSelector, index) => {
    const connection = connections[Math.floor(index / perConnection)] ?? first;
    const request = { target, fieldSelector, resourceVersion: list.resourceVersion };
    const call = connection.stream('Watch', request);
    call.on('data', take);
    call.on('error', (error: Error) => {
      if (!closed) fail(error);
    });
    return call;
  });
  // What a connection asks for later is answered later: the watches before it stand, or come to it with nothing lost.
  await Promise.all(connections.map((connection) => connection.call('List', { target, limit: '1' })));
  return {
    delaysMs,
    reached: (events) =>
      new Promise((resolve, reject) => {
        fail = reject;
        awaited = { events, resolve };
        if (seen >= events) resolve();
      }),
    close() {
      closed = true;
      for (const call of calls) call.cancel();
      for (const connection of connections) connection.close();
    },
  };
}
