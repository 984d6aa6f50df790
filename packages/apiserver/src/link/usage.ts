/** Asks every linked agent what its node and pods use, again and again, so that rates have a steady window and a question costs nothing. */
import type { Clock, Json, Logger } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { type NodeUsage, readSummary, type UsageReader } from '../registry/usage/summary.ts';
import type { Links } from './link.ts';

export const readEveryMs = 10_000;
/** An agent that has not answered by then is left out until the next time. */
const answerWithinMs = 5000;
/** Agents asked at the same time. */
const atOnce = 16;
/** A node with several hundred containers answers some 100 KiB. */
const maxBytes = 8 * 1024 * 1024;

export interface Usage extends UsageReader {
  /** Reads until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createUsage(parts: { readonly links: Links; readonly clock: Clock; readonly logger: Logger }): Usage {
  const { links, clock, logger } = parts;
  let nodes: ReadonlyMap<string, NodeUsage> = new Map();
  /** When each node was last read. */
  let readMs: ReadonlyMap<string, number> = new Map();

  const ask = async (nodeName: string): Promise<Json> => {
    const stream = links.of(nodeName).open({ type: 'stats' });
    const timer = clock.after(answerWithinMs, stream.cancel);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const { data } of stream.output()) {
        bytes += data.length;
        if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
        pieces.push(data);
      }
    } finally {
      timer.cancel();
      stream.cancel();
    }
    return parseJson(Buffer.concat(pieces).toString()).value;
  };

  const readAll = async (): Promise<void> => {
    const found = new Map<string, NodeUsage>();
    const times = new Map<string, number>();
    const todo = links.names().values();
    const worker = async (): Promise<void> => {
      for (const name of todo) {
        try {
          const summary = await ask(name);
          const nowMs = clock.now();
          found.set(name, readSummary(summary, nowMs - (readMs.get(name) ?? nowMs - readEveryMs)));
          times.set(name, nowMs);
        } catch (error) {
          logger.debug({ err: error, node: name }, 'a node does not say what it uses');
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    nodes = found;
    readMs = times;
  };

  return {
    get nodes() {
      return nodes;
    },
    async run(signal) {
      while (!signal.aborted) {
        // Rejects only when the signal aborts.
        await clock.sleep(readEveryMs, signal).catch(() => {});
        if (!signal.aborted) await readAll();
      }
    },
  };
}
