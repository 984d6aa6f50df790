/** Gathers what the node and its containers use, and remembers enough to tell rates. */
import { shared } from '../async/shared.ts';
import type { Runtime } from '../runtime/contract.ts';
import { measureRunning } from './measure.ts';
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

const hostKey = 'host';

export function createStats({ nodeName, runtime, host }: StatsParts): Stats {
  let histories: ReadonlyMap<string, History> = new Map();

  const measure = (key: string, sample: Sample): Measured => ({
    sample,
    usageNanoCores: nanoCores(histories.get(key) ?? [], sample),
  });

  return shared(async () => {
    const containers = (await measureRunning(runtime)).map(
      ({ container, sample }): MeasuredContainer => ({
        container,
        startedAt: container.startedAt,
        ...measure(container.id, sample),
      }),
    );
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
  });
}
