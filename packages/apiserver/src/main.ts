/** The API server as a component: runs until it is told to stop. `skiff apiserver` calls this. */
import type { ApiServerConfig } from './config.ts';
import { startServer } from './server.ts';

/** Resolves when the server has ended because of the signal; rejects when it cannot start. */
export async function runApiServer(config: ApiServerConfig, signal: AbortSignal): Promise<void> {
  const server = await startServer(config, signal);
  config.onReady?.(server.bound);
  if (!signal.aborted) await new Promise((stopped) => signal.addEventListener('abort', stopped, { once: true }));
  config.logger.info({}, 'the API server is stopping');
  await server.close();
}
