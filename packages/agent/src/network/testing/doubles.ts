/** Stand-ins for what the agent hands in: informers that a test fills, a clock that runs, a logger that keeps quiet. */
import type { ApiObject, Clock, Logger } from '@skiff/api';
import type { Change, Informer, InformerFactory } from '@skiff/client';

export interface FilledInformer<T extends ApiObject> extends Informer<T> {
  /** Adds or replaces, and tells. */
  put(object: T): void;
  remove(namespace: string, name: string): void;
  sync(): void;
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export function filledInformer<T extends ApiObject>(): FilledInformer<T> {
  const objects = new Map<string, T>();
  const handlers = new Set<(change: Change<T>) => void>();
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;
  const tell = (change: Change<T>): void => {
    for (const handler of handlers) handler(change);
  };
  return {
    get: (namespace, name) => objects.get(keyOf(namespace, name)),
    list: (namespace) =>
      [...objects.values()].filter((one) => namespace === undefined || one.metadata.namespace === namespace),
    byIndex: () => [],
    synced: () => synced.promise,
    get hasSynced() {
      return hasSynced;
    },
    onChange(handler) {
      handlers.add(handler);
      for (const object of objects.values()) handler({ type: 'added', object });
      return () => handlers.delete(handler);
    },
    put(object) {
      const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
      const old = objects.get(key);
      objects.set(key, object);
      tell(old === undefined ? { type: 'added', object } : { type: 'updated', object, old });
    },
    remove(namespace, name) {
      const object = objects.get(keyOf(namespace, name));
      objects.delete(keyOf(namespace, name));
      if (object !== undefined) tell({ type: 'removed', object });
    },
    sync() {
      hasSynced = true;
      synced.resolve();
    },
  };
}

export interface FilledInformers extends InformerFactory {
  put(...objects: ApiObject[]): void;
  remove(object: ApiObject): void;
  /** Marks every collection as read. */
  sync(): void;
}

/** One informer for each kind; objects go to the informer of their kind. */
export function filledInformers(): FilledInformers {
  const all = new Map<string, FilledInformer<ApiObject>>();
  let isSynced = false;
  const of = (kind: string): FilledInformer<ApiObject> => {
    const found = all.get(kind) ?? filledInformer<ApiObject>();
    if (isSynced) found.sync();
    all.set(kind, found);
    return found;
  };
  return {
    informer: <T extends ApiObject>({ kind }: { kind: string }) => of(kind) as unknown as Informer<T>,
    synced: async () => undefined,
    stop: async () => undefined,
    put(...objects) {
      for (const object of objects) of(object.kind).put(object);
    },
    remove: ({ kind, metadata }) => of(kind).remove(metadata.namespace ?? '', metadata.name),
    sync() {
      isSynced = true;
      for (const informer of all.values()) informer.sync();
    },
  };
}

/** For tests that wait for real processes and sockets. */
export const runningClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};

export interface SteppedClock extends Clock {
  /** Moves time on and runs what is due, in order; resolves when promises that this settled had their turn. */
  step(ms: number): Promise<void>;
  /** Timers that are set. */
  readonly waiting: number;
}

export function steppedClock(): SteppedClock {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  const after = (delayMs: number, run: () => void) => {
    const timer = { at: now + delayMs, run };
    timers.push(timer);
    return {
      cancel() {
        timers = timers.filter((one) => one !== timer);
      },
    };
  };
  return {
    now: () => now,
    after,
    sleep: (delayMs) => new Promise((resolve) => void after(delayMs, resolve)),
    get waiting() {
      return timers.length;
    },
    async step(ms) {
      await new Promise((resolve) => setImmediate(resolve));
      const until = now + ms;
      for (;;) {
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((one) => one !== due);
        now = Math.max(now, due.at);
        due.run();
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export interface RecordingLogger extends Logger {
  /** Messages of warnings and errors, of children too. */
  readonly complaints: string[];
}

/** Keeps quiet, and remembers what it should have complained about. */
export function recordingLogger(): RecordingLogger {
  const complaints: string[] = [];
  const complain = (_fields: object, message: string): void => {
    complaints.push(message);
  };
  const logger: RecordingLogger = {
    debug: () => undefined,
    info: () => undefined,
    warn: complain,
    error: complain,
    child: () => logger,
    complaints,
  };
  return logger;
}
