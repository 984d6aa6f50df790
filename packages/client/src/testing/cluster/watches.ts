/** The watches that are open, and what can go wrong with them on request. */
import { ApiError, type ApiObject, expired } from '@skiff/api';
import type { WatchEvent, WatchOptions } from '../../contract.ts';
import { createPipe, type Pipe } from '../pipe.ts';
import type { Document } from './document.ts';
import { toPredicate } from './select.ts';
import type { Revision, Store } from './store.ts';

type Event = WatchEvent<ApiObject>;

interface Open {
  readonly collection: string;
  readonly selects: (document: Document) => boolean;
  readonly pipe: Pipe<readonly Event[]>;
  /** What was sent, for `replay`; what is held back while the source lags. */
  readonly sent: Event[];
  readonly held: Event[];
}

/** Faults of a watch source. Each acts on the watches that are open when it is called, unless it says otherwise. */
export interface WatchFaults {
  /** How many watches are open. */
  readonly open: number;
  /** Every watch is told how far it is. */
  bookmark(): void;
  /** The next `count` changes reach no watch. */
  drop(count: number): void;
  /** Changes wait, for watches open now and later, until `release`. */
  hold(): void;
  release(): void;
  /** Watches end as if the server had closed them. */
  end(): void;
  /** Watches end with an error: ServiceUnavailable when none is given. */
  fail(error?: ApiError): void;
  /** History is forgotten: watches end with Expired, and none can begin before now. */
  expire(): void;
  /** The last `count` events of each watch come once more. */
  replay(count: number): void;
}

export class Watches implements WatchFaults {
  readonly #store: Store;
  readonly #open = new Set<Open>();
  #dropping = 0;
  #holding = false;

  constructor(store: Store) {
    this.#store = store;
    store.subscribe((revision) => this.#publish(revision));
  }

  /** Changes after `resourceVersion`; from an empty one or '0', what there is comes first. */
  start(collection: string, options: WatchOptions): AsyncIterable<readonly Event[]> {
    const { signal, resourceVersion = '' } = options;
    const selects = toPredicate(options);
    const close = (): void => {
      this.#open.delete(watch);
      signal.removeEventListener('abort', abort);
    };
    const pipe = createPipe<readonly Event[]>(close);
    const watch: Open = { collection, selects, pipe, sent: [], held: [] };
    const abort = (): void => pipe.end();
    try {
      const events = this.#firstEvents(watch, resourceVersion);
      this.#open.add(watch);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
      this.#send(watch, events);
    } catch (error) {
      pipe.fail(error);
    }
    return pipe.output;
  }

  get open(): number {
    return this.#open.size;
  }

  bookmark(): void {
    const bookmark: Event = { type: 'BOOKMARK', resourceVersion: String(this.#store.version) };
    for (const watch of this.#open) this.#send(watch, [bookmark]);
  }

  drop(count: number): void {
    this.#dropping = count;
  }

  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    for (const watch of this.#open) this.#send(watch, watch.held.splice(0));
  }

  end(): void {
    for (const { pipe } of this.#open) pipe.end();
    this.#open.clear();
  }

  fail(error: ApiError = new ApiError('ServiceUnavailable', 'the connection broke')): void {
    for (const { pipe } of this.#open) pipe.fail(error);
    this.#open.clear();
  }

  expire(): void {
    this.#store.compact();
    this.fail(expired('The resourceVersion for the provided watch is too old.'));
  }

  replay(count: number): void {
    for (const watch of this.#open) watch.pipe.push(watch.sent.slice(-count));
  }

  #firstEvents(watch: Open, resourceVersion: string): Event[] {
    if (resourceVersion !== '' && resourceVersion !== '0')
      return this.#store.since(Number(resourceVersion)).flatMap((revision) => toEvent(watch, revision) ?? []);
    return this.#store
      .listAt(watch.collection, this.#store.version)
      .filter(([, object]) => watch.selects(object))
      .map(([, object]) => ({ type: 'ADDED', object }));
  }

  #publish(revision: Revision): void {
    if (this.#dropping > 0) {
      this.#dropping -= 1;
      return;
    }
    for (const watch of this.#open) {
      const event = toEvent(watch, revision);
      if (event !== undefined) this.#send(watch, [event]);
    }
  }

  #send(watch: Open, events: readonly Event[]): void {
    if (events.length === 0) return;
    if (this.#holding) {
      watch.held.push(...events);
      return;
    }
    watch.sent.push(...events);
    watch.pipe.push([...events]);
  }
}

/** What a selecting watch sees of a write: an object that no longer matches is deleted for it, with its last matching state. */
function toEvent({ collection, selects }: Open, { object, before, removed, ...revision }: Revision): Event | undefined {
  if (revision.collection !== collection) return undefined;
  const did = before !== undefined && selects(before);
  const does = !removed && selects(object);
  if (did && does) return { type: 'MODIFIED', object };
  if (does) return { type: 'ADDED', object };
  if (!did) return undefined;
  if (removed) return { type: 'DELETED', object };
  const { resourceVersion } = object.metadata;
  return { type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion } } };
}
