/** The API server as a component: runs until it is told to stop. `skiff apiserver` calls this. */
import type { ApiServerConfig } from './config.ts';
import { startServer } from './server.ts';

/** Doors wait ten seconds for requests in flight; whatever takes much longer than that waits for a store or a peer that does not answer. */
const endWithinMs = 15_000;

/** Resolves when the server has ended because of the signal; rejects when it cannot start. */
export async function runApiServer(config: ApiServerConfig, signal: AbortSignal): Promise<void> {
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
