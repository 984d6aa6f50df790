/** The output of one fake container, kept by line, with followers. */
import { createChannel } from '../../async/channel.ts';
import type { LogOptions, OutputChunk } from '../contract.ts';

interface Entry {
  readonly time: number;
  readonly chunk: OutputChunk;
}

export class FakeLog {
  readonly #entries: Entry[] = [];
  readonly #followers = new Set<(entry: Entry) => void>();
  readonly #onEnd = new Set<() => void>();
  #ended = false;

  append(time: number, chunk: OutputChunk): void {
    const entry = { time, chunk };
    this.#entries.push(entry);
    for (const follower of this.#followers) follower(entry);
  }

  end(): void {
    this.#ended = true;
    for (const run of this.#onEnd) run();
  }

  /** Live output only, as an attached session sees it. */
  async *follow(signal?: AbortSignal): AsyncIterable<OutputChunk> {
    yield* this.#subscribe([], true, signal, (entry) => entry.chunk);
  }

  async *read(options: LogOptions): AsyncIterable<OutputChunk> {
    const since = this.#entries.filter((entry) => entry.time >= (options.sinceMs ?? 0));
    const tail = options.tail === undefined ? since : since.slice(Math.max(0, since.length - options.tail));
    yield* this.#subscribe(tail, options.follow, options.signal, (entry) =>
      options.timestamps ? withTimestamp(entry) : entry.chunk,
    );
  }

  async *#subscribe(
    first: readonly Entry[],
    follow: boolean,
    signal: AbortSignal | undefined,
    shape: (entry: Entry) => OutputChunk,
  ): AsyncIterable<OutputChunk> {
    const channel = createChannel<OutputChunk>();
    for (const entry of first) channel.push(shape(entry));
    const follower = (entry: Entry): void => channel.push(shape(entry));
    const end = (): void => channel.end();
    if (follow && !this.#ended) {
      this.#followers.add(follower);
      this.#onEnd.add(end);
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted) end();
    } else {
      end();
    }
    try {
      yield* channel;
    } finally {
      this.#followers.delete(follower);
      this.#onEnd.delete(end);
      signal?.removeEventListener('abort', end);
    }
  }
}

function withTimestamp(entry: Entry): OutputChunk {
  const stamp = new TextEncoder().encode(`${new Date(entry.time).toISOString()} `);
  const data = new Uint8Array(stamp.length + entry.chunk.data.length);
  data.set(stamp);
  data.set(entry.chunk.data, stamp.length);
  return { channel: entry.chunk.channel, data };
}
