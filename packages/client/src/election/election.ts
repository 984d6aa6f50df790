/** Leader election by Lease: pure rules (client-go's leaderelection). */
import type { Lease } from '@skiff/api';

export interface ElectionTimes {
  /** How long a holder that stopped renewing is still respected. */
  readonly leaseDurationMs: number;
  /** How long a leader tries to renew before it gives up; shorter, so that it stops before another may start. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

export const defaultTimes: ElectionTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

/** What this candidate last saw of the Lease, and when by its own clock: another host's clock is never trusted. */
export interface Sighting {
  readonly spec: string;
  readonly atMs: number;
}

export const sight = (before: Sighting | undefined, lease: Lease, nowMs: number): Sighting => {
  const spec = JSON.stringify(lease.spec ?? {});
  return before !== undefined && before.spec === spec ? before : { spec, atMs: nowMs };
};

/** May `identity` write its name into the Lease now? */
export function mayTake(lease: Lease, sighting: Sighting, identity: string, nowMs: number): boolean {
  const holder = lease.spec?.holderIdentity ?? '';
  if (holder === '' || holder === identity) return true;
  return sighting.atMs + (lease.spec?.leaseDurationSeconds ?? 15) * 1000 <= nowMs;
}

/** The Lease's spec with `identity` as its holder. Taking over counts as a transition; renewing does not. */
export function heldBy(
  lease: Lease | undefined,
  identity: string,
  times: ElectionTimes,
  nowMs: number,
): NonNullable<Lease['spec']> {
  const now = new Date(nowMs).toISOString().replace('Z', '000Z');
  const renews = lease?.spec?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(times.leaseDurationMs / 1000),
    acquireTime: renews ? (lease?.spec?.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (lease === undefined || renews ? 0 : 1),
  };
}
