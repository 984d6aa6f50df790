/** Docker's event stream as one that never ends: after a break it goes on where it stopped. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Clock } from '@skiff/api';
import type { RuntimeEvent } from '../contract.ts';
import { label, parseIdentity } from '../labels.ts';
import type { DockerAdapter } from './adapter.ts';

const reconnectMs = 500;
const maxReconnectMs = 10_000;

const typeOf: ReadonlyMap<string, 'started' | 'died' | 'oom' | 'removed'> = new Map([
  ['start', 'started'],
  ['die', 'died'],
  ['oom', 'oom'],
  ['destroy', 'removed'],
]);

interface EngineEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
  readonly timeNano?: number;
}

export async function* followEvents(
  adapter: DockerAdapter,
  clock: Clock,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const filters = JSON.stringify({ type: ['container'], event: [...typeOf.keys()], label: [label.role] });
  let since = toSince(clock.now());
  let broken = false;
  let delayMs = reconnectMs;
  while (!signal.aborted) {
    try {
      const stream = await adapter.events({ filters, since });
      // Docker keeps few events, and none across its own restart: after a break nothing is certain.
      if (broken) yield { type: 'resync' };
      for await (const { event, nanos } of readEvents(stream, signal)) {
        delayMs = reconnectMs;
        since = toSince(Math.floor(nanos / 1e6));
        yield event;
      }
    } catch {
      // The engine is away; the wait below is the answer.
    }
    broken = true;
    await clock.sleep(delayMs, signal).catch(() => {});
    delayMs = Math.min(delayMs * 2, maxReconnectMs);
  }
}

/** Seconds with a fraction, as the API takes them. An event at the boundary may come twice, which does no harm. */
const toSince = (ms: number): string => (ms / 1000).toFixed(3);

async function* readEvents(
  stream: Readable,
  signal: AbortSignal,
): AsyncIterable<{ event: RuntimeEvent; nanos: number }> {
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  stream.on('error', () => {});
  const lines = createInterface({ input: stream });
  stream.once('close', () => lines.close());
  try {
    for await (const line of lines) {
      const parsed = parseEvent(line);
      if (parsed !== undefined) yield parsed;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

/** Undefined for a line that is no event of the agent's containers. */
export function parseEvent(line: string): { event: RuntimeEvent; nanos: number } | undefined {
  let parsed: EngineEvent | null;
  try {
    parsed = JSON.parse(line) as EngineEvent | null;
  } catch {
    return undefined;
  }
  const type = typeOf.get(parsed?.Action ?? '');
  const identity = parseIdentity(parsed?.Actor?.Attributes ?? {});
  const { ID: id } = parsed?.Actor ?? {};
  if (type === undefined || identity === undefined || id === undefined) return undefined;
  const nanos = parsed?.timeNano ?? 0;
  const time = Math.floor(nanos / 1e6);
  return { event: { type, id, podUid: identity.pod.uid, name: identity.name, time }, nanos };
}
