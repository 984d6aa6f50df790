/** A watch over plain HTTPS: every event in the order it came. */
import { createInterface } from 'node:readline';
import { open } from './rest.ts';
import type { Thing } from './shapes.ts';

export interface Event {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Thing;
}

export interface Watch {
  /** The first event, seen already or still to come, that `wanted` takes; later calls go on behind it. */
  until(what: string, wanted: (event: Event) => boolean): Promise<Event>;
  /** The next `count` events. */
  take(count: number): Promise<Event[]>;
  /** All so far. */
  readonly events: readonly Event[];
  close(): void;
}

/** Watches a collection. `query` without `watch=1`, e.g. `labelSelector=a%3Db&resourceVersion=7`. */
export async function watch(path: string, query = ''): Promise<Watch> {
  const stop = new AbortController();
  const message = await open('GET', `${path}?watch=1&${query}`, {}, stop.signal);
  if (message.statusCode !== 200) throw new Error(`watching ${path}?${query} ended with ${message.statusCode}`);
  const events: Event[] = [];
  let ended = false;
  let wake = (): void => {};
  const lines = createInterface({ input: message });
  lines.on('line', (line) => {
    events.push(JSON.parse(line) as Event);
    wake();
  });
  // Closing a watch cuts its connection: no fault, and an end that `until` tells when it comes unasked.
  message.on('error', () => lines.close());
  lines.on('error', () => lines.close());
  lines.on('close', () => {
    ended = true;
    wake();
  });
  let at = 0;
  const until: Watch['until'] = async (what, wanted) => {
    for (;;) {
      while (at < events.length) {
        const event = events[at];
        at += 1;
        if (event !== undefined && wanted(event)) return event;
      }
      if (ended) throw new Error(`the watch of ${path} ended before ${what}; seen: ${events.map(brief)}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`not within 60 s: ${what}; seen: ${events.map(brief)}`)),
          60_000,
        );
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return {
    until,
    take: async (count) => {
      const taken: Event[] = [];
      while (taken.length < count) taken.push(await until(`event ${taken.length + 1}`, () => true));
      return taken;
    },
    events,
    close: () => stop.abort(),
  };
}

/** An event as `TYPE name`. */
export const brief = ({ type, object }: Event): string => `${type} ${object.metadata.name}`;
