/** Gathers what the node and its containers use, and remembers enough to tell rates. */
import { type ContainerSummary, isRuntimeError, type Runtime } from '../runtime/contract.ts';
import {
  type History,
  type HostSample,
  type Measured,
  type MeasuredContainer,
  nanoCores,
  remember,
  type Sample,
  summaryOf,
} from './usage.ts';

/** Answers the Summary document, now. */
export type Stats = () => Promise<object>;

export interface StatsParts {
  readonly nodeName: string;
  readonly runtime: Runtime;
  readonly host: () => Promise<HostSample>;
}

/** Questions to the engine in flight: each costs it some work. */
const atOnce = 8;
const hostKey = 'host';

export function createStats({ nodeName, runtime, host }: StatsParts): Stats {
  let histories: ReadonlyMap<string, History> = new Map();

  const measure = (key: string, sample: Sample): Measured => ({
    sample,
    usageNanoCores: nanoCores(histories.get(key) ?? [], sample),
  });

  /** Undefined for a container that ended meanwhile. */
  const look = async (container: ContainerSummary): Promise<MeasuredContainer | undefined> => {
    try {
      const [sample, { startedAt }] = await Promise.all([runtime.stats(container.id), runtime.inspect(container.id)]);
      return { container, startedAt, ...measure(container.id, sample) };
    } catch (error) {
      if (isRuntimeError(error, 'notFound', 'notRunning')) return undefined;
      throw error;
    }
  };

  return async () => {
    const running = (await runtime.list()).filter(({ role, state }) => role === 'container' && state === 'running');
    const containers = (await mapBounded(running, look)).filter((one) => one !== undefined);
    const hostSample = await host();
    const node = { nodeName, memoryTotalBytes: hostSample.memoryTotalBytes, ...measure(hostKey, hostSample) };
    const seen: [string, Sample][] = containers.map(({ container, sample }) => [container.id, sample]);
    // Only what still runs is remembered.
    histories = new Map(
      [...seen, [hostKey, hostSample] as const].map(([key, sample]) => [
        key,
        remember(histories.get(key) ?? [], sample),
      ]),
    );
    return summaryOf(node, containers);
  };
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
