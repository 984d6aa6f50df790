/**
 * The loop under every controller: keys from sources, keys to workers. It knows no kind. The outcome of a reconcile is the
 * whole retry policy: an error comes back with growing delay, a time comes back then, nothing is done.
 */
import type { Clock, Logger, Random } from '@skiff/api';
import { createWorkQueue, type WorkQueue } from '@skiff/client';
import { isOrdinary } from './errors.ts';

/** `afterMs`: look at the key again after that long. */
export interface LookAgain {
  readonly afterMs: number;
}

export interface Controller {
  /** As in `deployment`; names the controller in logs. */
  readonly name: string;
  /** Wires sources to keys. Called once, before the workers start. Returns what undoes it. */
  watch(enqueue: (key: string) => void): () => void;
  /** Makes what is into what is wanted, for one key. May run at any time, twice, or after a crash. */
  reconcile(key: string, signal: AbortSignal): Promise<LookAgain | undefined>;
  /** How many keys are worked on at once; 5 by default, as kube-controller-manager's. */
  readonly workers?: number;
}

export interface RuntimeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Runs a controller until the signal aborts, and every key in work has been let go of. */
export async function runController(
  controller: Controller,
  context: RuntimeContext,
  signal: AbortSignal,
): Promise<void> {
  const queue = createWorkQueue({ clock: context.clock, random: context.random });
  const logger = context.logger.child({ controller: controller.name });
  const unwatch = controller.watch((key) => queue.add(key));
  const stop = (): void => queue.shutDown();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const workers = Array.from({ length: controller.workers ?? 5 }, () => work(controller, queue, logger, signal));
  await Promise.all(workers);
  unwatch();
}

async function work(controller: Controller, queue: WorkQueue, logger: Logger, signal: AbortSignal): Promise<void> {
  for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
    try {
      const again = await controller.reconcile(key, signal);
      queue.forget(key);
      if (again !== undefined) queue.addAfter(key, again.afterMs);
    } catch (error) {
      if (signal.aborted) return;
      const level = isOrdinary(error) ? 'debug' : 'warn';
      logger[level]({ key, err: error, retries: queue.retries(key) }, 'reconcile failed; it will be tried again');
      queue.addRateLimited(key);
    } finally {
      queue.done(key);
    }
  }
}
