/**
 * Bodies into values, without holding up anybody else: what the engine reads at once is read here, and what needs a slow
 * reader (YAML, numbers beyond 2^53, repeated keys, long messages) on a thread of its own, one after another.
 */
import { Worker } from 'node:worker_threads';
import { ApiError, type StatusReason } from '@skiff/api';
import { type Parsed, parseQuickly, parseThoroughly } from '@skiff/api/json';
import type { decodeProtobuf } from '@skiff/api/wire/server';
import type { Format } from '../negotiate.ts';
import { readSlowly } from './read.ts';

export type TextFormat = Exclude<Format, 'protobuf'>;

export interface BodyReader {
  /** Throws ApiError BadRequest, RequestEntityTooLarge, or TooManyRequests when too much waits already. */
  read(text: string, format: TextFormat): Promise<Parsed>;
  /** The same of a protobuf body; `assumed` is the kind of one that does not say its own. */
  readMessage(bytes: Uint8Array, assumed?: Assumed): Promise<Parsed>;
  close(): Promise<void>;
}

type Assumed = Parameters<typeof decodeProtobuf>[1];

export interface Work {
  readonly id: number;
  readonly body: string | Uint8Array;
  readonly format: Format;
  readonly assumed?: Assumed;
}

export type Outcome = { readonly id: number } & (
  | { readonly parsed: Parsed }
  | { readonly fault: { readonly reason: StatusReason; readonly message: string } }
);

/** A slow reader takes a millisecond for as much. */
const shortLength = 8 * 1024;
/** Characters that may wait for the thread. */
const maxWaiting = 24 * 1024 * 1024;
const threadMemoryMb = 512;

export const createBodyReader = (): BodyReader => new ThreadedReader();

class ThreadedReader implements BodyReader {
  readonly #waiting = new Map<number, { readonly work: Work; settle(outcome: Outcome | Error): void }>();
  #thread: Worker | undefined;
  #chars = 0;
  #lastId = 0;

  async read(text: string, format: TextFormat): Promise<Parsed> {
    // JSON is YAML, and what kubectl sends as such.
    const isJson = format === 'json' || text.startsWith('{');
    const quick = isJson ? parseQuickly(text, { duplicates: true, bounded: true }) : undefined;
    if (quick !== undefined) return quick;
    if (format === 'json' && text.length <= shortLength) return parseThoroughly(text);
    return this.#readApart({ body: text, format });
  }

  async readMessage(bytes: Uint8Array, assumed?: Assumed): Promise<Parsed> {
    const work = { body: bytes, format: 'protobuf', assumed } as const;
    return bytes.length <= shortLength ? readSlowly(work) : this.#readApart(work);
  }

  #readApart(asked: Omit<Work, 'id'>): Promise<Parsed> {
    const { length } = asked.body;
    if (this.#chars + length > maxWaiting)
      throw new ApiError('TooManyRequests', 'too many bodies wait to be read, please try again later', {
        retryAfterSeconds: 1,
      });
    const work = { ...asked, id: ++this.#lastId };
    this.#chars += length;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome | Error): void => {
        this.#waiting.delete(work.id);
        this.#chars -= length;
        if (this.#waiting.size === 0) this.#thread?.unref();
        if (outcome instanceof Error) reject(outcome);
        else if ('parsed' in outcome) resolve(outcome.parsed);
        else reject(new ApiError(outcome.fault.reason, outcome.fault.message));
      };
      this.#waiting.set(work.id, { work, settle });
      this.#thread ??= this.#start();
      this.#thread.ref();
      this.#thread.postMessage(work);
    });
  }

  #start(): Worker {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb },
    });
    thread.on('message', (outcome: Outcome) => this.#waiting.get(outcome.id)?.settle(outcome));
    thread.on('error', (error: Error) => this.#fail(thread, error));
    thread.on('exit', () => this.#fail(thread, new Error('the thread that reads bodies ended')));
    return thread;
  }

  /** The thread died of the text it had: that one is lost, and the others are read by the next thread. */
  #fail(thread: Worker, cause: Error): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const [lost, ...others] = [...this.#waiting.values()];
    lost?.settle(new ApiError('RequestEntityTooLarge', `the body of the request cannot be read: ${cause.message}`));
    if (others.length === 0) return;
    this.#thread = this.#start();
    for (const { work } of others) this.#thread.postMessage(work);
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    for (const { settle } of [...this.#waiting.values()])
      settle(new ApiError('ServiceUnavailable', 'the server is shutting down'));
    await thread?.terminate();
  }
}
