/** The API server as a component: runs until it is told to stop. `skiff apiserver` calls this. */
import { setFlagsFromString } from 'node:v8';
import type { ApiServerConfig } from './config.ts';
import { startServer } from './server.ts';

/** Doors wait ten seconds for requests in flight; whatever takes much longer than that waits for a store or a peer that does not answer. */
const endWithinMs = 15_000;

/**
 * What HTTP/2 allocates lies outside of V8's heap, and V8 is told of it. By itself it marks the whole heap for every 64 MB of that, and while it marks it makes
 * the thread that allocates work for it, some ten milliseconds for each allocation: with 5,000 nodes half a second, every few seconds.
 */
const heapFlag = '--external-memory-accounted-in-global-limit';

/** Resolves when the server has ended because of the signal; rejects when it cannot start. */
export async function runApiServer(config: ApiServerConfig, signal: AbortSignal): Promise<void> {
  setFlagsFromString(heapFlag);
  const server = await startServer(config, signal);
  config.onReady?.(server.bound);
  if (!signal.aborted) await new Promise((stopped) => signal.addEventListener('abort', stopped, { once: true }));
  config.logger.info({}, 'the API server is stopping');
  const late = Promise.withResolvers<void>();
  const tooLong = config.clock.after(endWithinMs, () => {
    config.logger.warn({}, 'not everything has ended in time; what has not is left behind');
    late.resolve();
  });
  await Promise.race([server.close(), late.promise]).finally(() => tooLong.cancel());
}
