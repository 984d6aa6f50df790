/** What the containers that run use, now. */
import { type ContainerStats, type ContainerStatus, isRuntimeError, type Runtime } from '../runtime/contract.ts';

export interface MeasuredNow {
  readonly container: ContainerStatus;
  readonly sample: ContainerStats;
}

/** Questions to the engine in flight: each costs it some work. */
const atOnce = 8;

/** Containers that end meanwhile are left out. */
export async function measureRunning(runtime: Runtime): Promise<readonly MeasuredNow[]> {
  const look = async (id: string): Promise<MeasuredNow | undefined> => {
    try {
      const [sample, container] = await Promise.all([runtime.stats(id), runtime.inspect(id)]);
      return { container, sample };
    } catch (error) {
      if (isRuntimeError(error, 'notFound', 'notRunning')) return undefined;
      throw error;
    }
  };
  const running = (await runtime.list()).filter(({ role, state }) => role === 'container' && state === 'running');
  return (await mapBounded(running, ({ id }) => look(id))).filter((one) => one !== undefined);
}

/** In order of the items, `atOnce` at a time. */
async function mapBounded<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  const todo = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of todo) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
