/** What a server's seats come to for each priority level: its share, what it lends, what it may borrow (apiserver's apf_controller). */
import type { PriorityLevelConfiguration } from '@skiff/api';
import { allocate } from './allocate.ts';
import type { DemandStats } from './demand.ts';
import type { Shape } from './queue-set.ts';

/** What a level's object says. */
export interface LevelSpec {
  readonly name: string;
  readonly uid: string;
  readonly exempt: boolean;
  readonly shares: number;
  readonly lendablePercent: number;
  /** Undefined: as much as others lend. */
  readonly borrowingLimitPercent: number | undefined;
  readonly shape: Shape;
}

/** Undefined for an object that no server can follow: such a level is as one that is not there. */
export function levelSpecOf({ metadata, spec }: PriorityLevelConfiguration): LevelSpec | undefined {
  const name = metadata.name ?? '';
  const uid = metadata.uid ?? '';
  const { type, limited, exempt } = spec;
  if ((type === 'Exempt') !== (name === 'exempt')) return undefined;
  if (type === 'Exempt') {
    const shares = exempt?.nominalConcurrencyShares ?? 0;
    const lent = { lendablePercent: exempt?.lendablePercent ?? 0, borrowingLimitPercent: undefined };
    return { ...{ name, uid, exempt: true, shares }, ...lent, shape: noLimit };
  }
  const queuing = limited?.limitResponse?.queuing ?? undefined;
  if (type !== 'Limited' || !limited || (limited.limitResponse?.type === 'Queue') !== (queuing !== undefined))
    return undefined;
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing ?? { queues: 0 };
  return {
    ...{ name, uid, exempt: false },
    shares: limited.nominalConcurrencyShares ?? 30,
    lendablePercent: limited.lendablePercent ?? 0,
    borrowingLimitPercent: limited.borrowingLimitPercent ?? undefined,
    shape: { queues, handSize, queueLengthLimit },
  };
}

const noLimit: Shape = { queues: -1, handSize: 0, queueLengthLimit: 0 };

/** Seats: what a level has by its shares, the least that is left when all it lends is lent, the most it may come to. */
export interface Bounds {
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
}

/** In the order of the levels. Rounding up, they may come to a little more than there is. */
export function boundsOf(serverSeats: number, levels: readonly LevelSpec[]): readonly Bounds[] {
  const all = levels.reduce((sum, { shares }) => sum + shares, 0);
  return levels.map(({ shares, lendablePercent, borrowingLimitPercent }) => {
    const nominal = all === 0 ? 0 : Math.ceil((serverSeats * shares) / all);
    const borrowing =
      borrowingLimitPercent === undefined ? serverSeats : Math.round((nominal * borrowingLimitPercent) / 100);
    return { nominal, min: nominal - Math.round((nominal * lendablePercent) / 100), max: nominal + borrowing };
  });
}

/** As in Kubernetes, no request costs more. */
const maxSeats = 10;

/** The most seats that one request of a level may cost: a small level must be able to run several. */
export const seatCapOf = ({ shape }: LevelSpec, nominal: number): number =>
  shape.queues < 1
    ? maxSeats
    : Math.max(1, Math.min(maxSeats, Math.ceil(nominal * 0.15), Math.floor(nominal / shape.handSize)));

export interface LevelState extends Bounds {
  readonly exempt: boolean;
  readonly demand: DemandStats;
}

/**
 * The limits until the next look, in the order of the levels. What exempt requests take comes off first; everyone keeps
 * its minimum, then what it just needed, and the rest is divided in proportion to what each was seen to want.
 */
export function currentLimits(levels: readonly LevelState[]): readonly number[] {
  const total = levels.reduce((sum, { nominal }) => sum + nominal, 0);
  const wanted = (level: LevelState): number => {
    const high = level.demand.highWatermark;
    return level.exempt ? Math.max(level.min, high) : Math.max(level.min, Math.min(level.nominal, high));
  };
  const limited = levels.filter(({ exempt }) => !exempt);
  const taken = levels.filter(({ exempt }) => exempt).reduce((sum, level) => sum + wanted(level), 0);
  const left = total - taken;
  const minSum = limited.reduce((sum, { min }) => sum + min, 0);
  const wantedSum = limited.reduce((sum, level) => sum + wanted(level), 0);
  const limits = new Map<LevelState, number>();
  if (left <= minSum) for (const level of limited) limits.set(level, level.min);
  else if (left <= wantedSum) {
    const fraction = (left - minSum) / (wantedSum - minSum);
    for (const level of limited) limits.set(level, level.min + Math.round((wanted(level) - level.min) * fraction));
  } else {
    const parts = allocate(
      left,
      limited.map((level) => {
        const lower = wanted(level);
        return { lower, upper: level.max, target: Math.max(lower, level.demand.smoothed) };
      }),
    );
    for (const [index, level] of limited.entries()) limits.set(level, Math.round(parts[index] ?? level.nominal));
  }
  return levels.map((level) => limits.get(level) ?? wanted(level));
}
