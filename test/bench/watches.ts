/** Many watches of pods over gRPC, some hundred on a connection; they count what comes and how late it is. */
import { Worker } from 'node:worker_threads';
import { services } from '@skiff/api/wire';
import { dialGrpc } from './doors.ts';
import type { BenchServer } from './server.ts';
import type { Received, ReceiverSettings } from './watch-receiver.ts';

export interface Watches {
  /** Resolves when so many events have come in all; rejects when a watch ends before. */
  reached(events: number): Promise<void>;
  /** Of the events that say when they were written, a sample of at most a hundred thousand. */
  readonly delaysMs: readonly number[];
  close(): Promise<void>;
}

const maxSamples = 100_000;
const target = { group: '', version: 'v1', resource: 'pods', namespace: '', name: '', subresource: '' };

const bytesOf = (method: 'List' | 'Watch', request: object): Uint8Array => {
  const definition = services.Resources[method];
  if (definition === undefined) throw new Error(`no method ${method}`);
  return definition.requestSerialize(request);
};

/** One watch for each field selector ('' for everything), from the newest version on. */
export async function openWatches(server: BenchServer, selectors: readonly string[]): Promise<Watches> {
  const { call, close } = dialGrpc(server);
  const { resourceVersion } = (await call('List', { target, limit: '1' })) as { readonly resourceVersion: string };
  close();
  const workerData: ReceiverSettings = {
    url: `https://${server.grpc}`,
    identity: server.admin,
    requests: selectors.map((fieldSelector) => bytesOf('Watch', { target, fieldSelector, resourceVersion })),
    last: bytesOf('List', { target, limit: '1' }),
  };
  const worker = new Worker(new URL('./watch-receiver.ts', import.meta.url), { workerData });
  const open = Promise.withResolvers<void>();
  const delaysMs: number[] = [];
  let seen = 0;
  let awaited: { readonly events: number; readonly resolve: () => void } | undefined;
  let fail: (error: Error) => void = open.reject;
  worker.on('error', (error) => fail(error as Error));
  worker.on('message', (message: Received) => {
    if (message.type === 'open') return open.resolve();
    if (message.type === 'ended') return fail(new Error(`a watch ended: ${message.reason}`));
    seen = message.events;
    if (delaysMs.length < maxSamples) delaysMs.push(...message.delaysMs);
    if (awaited !== undefined && seen >= awaited.events) awaited.resolve();
  });
  await open.promise;
  return {
    delaysMs,
    reached: (events) =>
      new Promise((resolve, reject) => {
        fail = reject;
        awaited = { events, resolve };
        if (seen >= events) resolve();
      }),
    async close() {
      await worker.terminate();
    },
  };
}
