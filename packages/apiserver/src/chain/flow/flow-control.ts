/**
 * API priority and fairness: which requests run now, which wait, which are told to come again, as FlowSchemas and
 * PriorityLevelConfigurations say. Watches take a seat only while they start; of them, and of other streams, each user may
 * have so many.
 */
import { ApiError, type Clock, type FlowSchema, type PriorityLevelConfiguration } from '@skiff/api';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '@skiff/api/validation';
import type { UserInfo } from '../../registry/contract.ts';
import type { Attributes } from '../attributes.ts';
import { type DemandStats, smooth } from './demand.ts';
import { type Bounds, boundsOf, currentLimits, type LevelSpec, levelSpecOf, seatCapOf } from './levels.ts';
import { bySequence, type CompiledSchema, compileSchema } from './match.ts';
import { createQueueSet, type QueueSet, type Ticket } from './queue-set.ts';
import { createRetryAfter, type RetryAfter } from './retry-after.ts';

export type Lane = 'mutating' | 'readOnly';

export interface FlowControlLimits {
  /** Seats of the whole server. */
  readonly seats: number;
  /** Watches and streams that one user may have open. */
  readonly longRunning: number;
}

/** Seats are kube-apiserver's defaults of --max-mutating-requests-inflight and --max-requests-inflight together. */
export const defaultLimits: FlowControlLimits = { seats: 600, longRunning: 5000 };

const objectsOfOneSeat = 100;
const maxSeats = 10;

/** What reading so many objects costs. */
export const seatsFor = (objects: number): number =>
  Math.max(1, Math.min(maxSeats, Math.ceil(objects / objectsOfOneSeat)));

/** Where a request was put; the answer says it in its headers. Empty for objects that are not stored yet. */
export interface Classification {
  readonly schemaUid: string;
  readonly levelUid: string;
}

export interface Asked {
  readonly user: UserInfo;
  readonly attributes: Attributes;
  /** What it costs (`seatsFor`). */
  readonly seats: number;
  /** How long it may wait. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Told before it runs, waits or is refused. */
  readonly classified: ((classification: Classification) => void) | undefined;
}

export interface LevelInfo {
  readonly name: string;
  readonly limit: number;
  readonly nominal: number;
  readonly seatsInUse: number;
  readonly waiting: number;
}

export interface FlowControl {
  /** Waits for seats. The answer gives them back and is idempotent. Throws ApiError TooManyRequests, or the signal's reason. */
  enter(asked: Asked): (() => void) | Promise<() => void>;
  /** Counts a watch or stream of a user. The answer ends it and is idempotent. Throws ApiError TooManyRequests. */
  enterLongRunning(user: string): () => void;
  /** Requests that run now, for metrics. */
  inFlight(lane: Lane): number;
  levels(): readonly LevelInfo[];
  /** These objects rule from now on; the mandatory ones need not be there. */
  configure(schemas: readonly FlowSchema[], levels: readonly PriorityLevelConfiguration[]): void;
  /** Moves seats that are not used to where they are wanted, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Level {
  readonly spec: LevelSpec;
  readonly bounds: Bounds;
  readonly seatCap: number;
  readonly set: QueueSet;
  readonly retryAfter: RetryAfter;
  demand: DemandStats;
}

interface Route {
  readonly schema: CompiledSchema;
  readonly level: Level;
  readonly classification: Classification;
}

/** The routes that are open to a user. */
interface UserRoutes {
  readonly groups: readonly string[];
  readonly open: readonly { readonly route: Route; readonly takes: (attributes: Attributes) => boolean }[];
}

/** Routes are remembered for so many users. */
const maxUsers = 4096;

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);
const borrowingPeriodMs = 10_000;

/** No seat is to be had, and no place to wait. Over HTTP it is told before any document is: as a line of text. */
export class Overloaded extends ApiError {
  constructor(retryAfterSeconds: number) {
    super('TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds });
  }
}

const tooMany = (seconds: number): ApiError => new Overloaded(seconds);

export function createFlowControl(limits: FlowControlLimits, clock: Clock): FlowControl {
  const longRunning = new Map<string, number>();
  const running: Record<Lane, number> = { mutating: 0, readOnly: 0 };
  let levels: ReadonlyMap<string, Level> = new Map();
  let routes: readonly Route[] = [];
  const users = new Map<string, UserRoutes>();

  const configure: FlowControl['configure'] = (schemas, objects) => {
    const nowMs = clock.now();
    levels = levelsOf(limits.seats, objects, levels, nowMs);
    const compiled = schemas.map(compileSchema);
    const missing = Object.entries(mandatoryFlowSchemas).flatMap(([name, spec]) =>
      spec === undefined || compiled.some((one) => one.name === name)
        ? []
        : [compileSchema({ metadata: { name }, spec } as FlowSchema)],
    );
    routes = [...compiled, ...missing].sort(bySequence).flatMap((schema) => {
      const level = levels.get(schema.level);
      if (level === undefined) return [];
      return [{ schema, level, classification: { schemaUid: schema.uid, levelUid: level.spec.uid } }];
    });
    users.clear();
    adjust();
  };

  const adjust = (): void => {
    const nowMs = clock.now();
    const all = [...levels.values()];
    for (const level of all) level.demand = smooth(level.demand, level.set.demand.take(nowMs));
    const next = currentLimits(all.map(({ bounds, spec, demand }) => ({ ...bounds, exempt: spec.exempt, demand })));
    for (const [index, level] of all.entries()) level.set.setLimit(next[index] ?? level.bounds.nominal, nowMs);
  };

  const routesOf = (user: UserInfo): UserRoutes => {
    const known = users.get(user.name);
    if (known !== undefined && sameTexts(known.groups, user.groups)) return known;
    const open = routes.flatMap((route) => {
      const takes = route.schema.of(user);
      return takes === undefined ? [] : [{ route, takes }];
    });
    const made = { groups: user.groups, open };
    if (users.size >= maxUsers) users.clear();
    users.set(user.name, made);
    return made;
  };

  /** Someone whom no schema knows belongs to the last of them. */
  const routeOf = (user: UserInfo, attributes: Attributes): Route | undefined => {
    for (const { route, takes } of routesOf(user).open) if (takes(attributes)) return route;
    return routes.find(({ schema }) => schema.name === 'catch-all');
  };

  const leaving = (set: QueueSet, ticket: Ticket, lane: Lane): (() => void) => {
    running[lane]++;
    return () => {
      if (ticket.state !== 'running') return;
      running[lane]--;
      set.finish(ticket, clock.now());
    };
  };

  const wait = (asked: Asked, level: Level, ticket: Ticket, lane: Lane): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const { signal } = asked;
      const leave = (error: unknown): void => {
        level.set.withdraw(ticket, clock.now());
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => leave(signal.reason);
      const timer = clock.after(asked.waitMs, () => leave(tooMany(level.retryAfter.refused(clock.now()))));
      ticket.granted = () => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(leaving(level.set, ticket, lane));
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });

  configure([], []);
  return {
    enter(asked) {
      const { user, attributes, signal } = asked;
      signal.throwIfAborted();
      const route = routeOf(user, attributes);
      if (route === undefined) throw tooMany(1);
      const { schema, level } = route;
      asked.classified?.(route.classification);
      const nowMs = clock.now();
      const flow = { schema: schema.name, distinguisher: distinguisherOf(schema, user, attributes) };
      const ticket = level.set.start(flow, Math.min(asked.seats, level.seatCap), nowMs);
      if (ticket === undefined) throw tooMany(level.retryAfter.refused(nowMs));
      const lane: Lane = readVerbs.has(attributes.verb) ? 'readOnly' : 'mutating';
      return ticket.state === 'running' ? leaving(level.set, ticket, lane) : wait(asked, level, ticket, lane);
    },
    enterLongRunning(user) {
      const open = longRunning.get(user) ?? 0;
      if (open >= limits.longRunning) throw tooMany(1);
      longRunning.set(user, open + 1);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        const left = (longRunning.get(user) ?? 1) - 1;
        if (left === 0) longRunning.delete(user);
        else longRunning.set(user, left);
      };
    },
    inFlight: (lane) => running[lane],
    levels: () =>
      [...levels.values()].map(({ spec, bounds, set }) => ({
        ...{ name: spec.name, limit: set.limit, nominal: bounds.nominal },
        ...{ seatsInUse: set.seatsInUse, waiting: set.waiting },
      })),
    configure,
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(borrowingPeriodMs, signal).catch(() => {});
        if (!signal.aborted) adjust();
      }
    },
  };
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((text, index) => text === b[index]));

const distinguisherOf = (schema: CompiledSchema, user: UserInfo, attributes: Attributes): string => {
  if (schema.distinguisher === 'ByUser') return user.name;
  return schema.distinguisher === 'ByNamespace' && attributes.type === 'resource' ? attributes.namespace : '';
};

/** Levels by name. One that was there keeps its queues; one that is gone serves whom it let in and takes no more. */
function levelsOf(
  seats: number,
  objects: readonly PriorityLevelConfiguration[],
  before: ReadonlyMap<string, Level>,
  nowMs: number,
): ReadonlyMap<string, Level> {
  const specs = objects.map(levelSpecOf).filter((spec) => spec !== undefined);
  for (const [name, spec] of Object.entries(mandatoryPriorityLevels)) {
    if (spec === undefined || specs.some((one) => one.name === name)) continue;
    const imagined = levelSpecOf({ metadata: { name }, spec } as PriorityLevelConfiguration);
    if (imagined !== undefined) specs.push(imagined);
  }
  const bounds = boundsOf(seats, specs);
  return new Map(
    specs.map((spec, index) => {
      const own = bounds[index] ?? { nominal: 0, min: 0, max: 0 };
      const old = before.get(spec.name);
      old?.set.reshape(spec.shape);
      const set = old?.set ?? createQueueSet(spec.shape, own.nominal, nowMs);
      return [
        spec.name,
        {
          ...{ spec, bounds: own, set, seatCap: seatCapOf(spec, own.nominal) },
          retryAfter: old?.retryAfter ?? createRetryAfter(),
          demand: old?.demand ?? { highWatermark: 0, smoothed: 0 },
        },
      ];
    }),
  );
}
