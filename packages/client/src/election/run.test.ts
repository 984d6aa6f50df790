import { ApiError, type Clock, type Random, resources } from '@skiff/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../contract.ts';
import {
  createSeededRandom,
  createTestCluster,
  type Interceptor,
  intercept,
  settle,
  silentLogger,
  type TestCluster,
} from '../testing/index.ts';
import { type ElectionOptions, runWhileLeading } from './run.ts';

const second = 1000;
const leaseName = { namespace: 'kube-system', name: 'scheduler' };

interface Seat {
  readonly leading: boolean;
  /** How often it began to lead. */
  readonly terms: number;
  readonly ended: Promise<unknown>;
  stop(): void;
}

interface SeatOptions {
  readonly interceptor?: Interceptor;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long leading takes to end after its signal. */
  readonly windDownMs?: number;
  readonly again?: boolean;
  readonly onLead?: () => void;
  readonly recorder?: ElectionOptions['recorder'];
}

const deaf: ElectionOptions['recorder'] = { event: () => undefined };

/** A candidate; `again`: that runs again whenever it lost. */
function seat(cluster: TestCluster, identity: string, options: SeatOptions = {}): Seat {
  const { interceptor, clock = cluster.clock, random = cluster.random, windDownMs = 0, again = false } = options;
  const client: Client = interceptor === undefined ? cluster.client : intercept(cluster.client, interceptor);
  const abort = new AbortController();
  const state = { leading: false, terms: 0 };
  const lead = async (signal: AbortSignal): Promise<void> => {
    state.leading = true;
    state.terms += 1;
    options.onLead?.();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (windDownMs > 0) await clock.sleep(windDownMs);
    state.leading = false;
  };
  const run = async (): Promise<unknown> => {
    for (;;) {
      const outcome = await runWhileLeading(
        { client, clock, random, logger: silentLogger, identity, lease: leaseName, recorder: options.recorder ?? deaf },
        lead,
        abort.signal,
      ).catch((error: unknown) => error);
      if (!again || abort.signal.aborted) return outcome;
    }
  };
  const ended = run();
  return {
    get leading() {
      return state.leading;
    },
    get terms() {
      return state.terms;
    },
    ended,
    stop: () => abort.abort(new Error('stopped')),
  };
}

const holder = (cluster: TestCluster): string | undefined => cluster.all(resources.leases)[0]?.spec?.holderIdentity;

test('one leads; when it stops it gives the lease back, and the next leads within a retry', async () => {
  const cluster = createTestCluster();
  const a = seat(cluster, 'a');
  await settle();
  const b = seat(cluster, 'b');
  await cluster.clock.advance(60 * second);
  expect([a.leading, b.leading, holder(cluster)]).toEqual([true, false, 'a']);
  a.stop();
  await a.ended;
  expect(holder(cluster)).toBe('');
  await cluster.clock.advance(3 * second);
  expect([b.leading, holder(cluster)]).toEqual([true, 'b']);
  expect(cluster.all(resources.leases)[0]?.spec?.leaseTransitions).toBe(1);
  b.stop();
  expect(await b.ended).toBeUndefined();
  expect(cluster.clock.pending).toBe(0);
});

test('a leader that cannot renew stops before another starts, and says so', async () => {
  const cluster = createTestCluster();
  let cut = false;
  const interceptor = {
    before: (): void => {
      if (cut) throw new ApiError('ServiceUnavailable', 'cut off');
    },
  };
  const a = seat(cluster, 'a', { interceptor });
  await cluster.clock.advance(second);
  const b = seat(cluster, 'b');
  await cluster.clock.advance(30 * second);
  cut = true;
  const cutMs = cluster.clock.now();
  while (a.leading) await cluster.clock.advance(100);
  const stoppedMs = cluster.clock.now();
  expect(b.leading).toBe(false);
  expect(stoppedMs - cutMs).toBeLessThanOrEqual(10 * second);
  expect(String(await a.ended)).toContain('was lost');
  while (!b.leading) await cluster.clock.advance(100);
  expect(cluster.clock.now() - stoppedMs).toBeGreaterThanOrEqual(2 * second);
  b.stop();
});

test('calls that hang count as failures: the deadline holds', async () => {
  const cluster = createTestCluster();
  let hang = false;
  const a = seat(cluster, 'a', {
    interceptor: { before: () => (hang ? new Promise<void>(() => undefined) : undefined) },
  });
  await cluster.clock.advance(5 * second);
  hang = true;
  await cluster.clock.advance(10 * second);
  expect(a.leading).toBe(false);
});

test('an answer that comes too late to the one who acquired counts from when it asked', async () => {
  const cluster = createTestCluster();
  const slow = {
    after: ({ verb }: { verb: string }) => (verb === 'create' ? cluster.clock.sleep(14 * second) : undefined),
  };
  const a = seat(cluster, 'a', { interceptor: slow });
  await cluster.clock.advance(second);
  const b = seat(cluster, 'b');
  for (let step = 0; step < 600; step += 1) {
    await cluster.clock.advance(100);
    expect(a.leading && b.leading).toBe(false);
  }
  a.stop();
  b.stop();
});

test('a leader who sees another in the lease stops at once', async () => {
  const cluster = createTestCluster();
  const a = seat(cluster, 'a');
  await cluster.clock.advance(second);
  const leases = cluster.client.resource(resources.leases);
  const current = await leases.get(leaseName.namespace, leaseName.name);
  await leases.update({ ...current, spec: { ...current.spec, holderIdentity: 'usurper' } });
  await cluster.clock.advance(3 * second);
  expect(a.leading).toBe(false);
  expect(holder(cluster)).toBe('usurper');
});

test('the lease is kept while leading winds down', async () => {
  const cluster = createTestCluster();
  const a = seat(cluster, 'a', { windDownMs: 60 * second });
  await cluster.clock.advance(second);
  const b = seat(cluster, 'b');
  a.stop();
  await cluster.clock.advance(50 * second);
  expect([a.leading, b.leading]).toEqual([true, false]);
  await cluster.clock.advance(20 * second);
  expect([a.leading, b.leading]).toEqual([false, true]);
  b.stop();
});

test('one that waits stops at once, even in the middle of a call', async () => {
  const cluster = createTestCluster();
  const a = seat(cluster, 'a', { interceptor: { before: () => new Promise<void>(() => undefined) } });
  await settle();
  a.stop();
  expect(await a.ended).toBeUndefined();
  expect(cluster.clock.pending).toBe(0);
});

test('whoever comes to lead is told of once, by an event of the lease', async () => {
  const cluster = createTestCluster();
  const told: string[] = [];
  const recorder: ElectionOptions['recorder'] = {
    event: ({ kind, metadata }, type, reason, message) =>
      void told.push(`${kind} ${metadata.name}: ${type} ${reason} ${message}`),
  };
  const a = seat(cluster, 'a', { recorder });
  const b = seat(cluster, 'b', { recorder });
  await cluster.clock.advance(60 * second);
  expect(told).toEqual(['Lease scheduler: Normal LeaderElection a became leader']);
  a.stop();
  b.stop();
  await Promise.all([a.ended, b.ended]);
});

test('an error of what leads comes out, and the lease goes back', async () => {
  const cluster = createTestCluster();
  const { client, clock, random } = cluster;
  const options = { client, clock, random, logger: silentLogger, identity: 'a', lease: leaseName, recorder: deaf };
  const failing = runWhileLeading(options, () => Promise.reject(new Error('it broke')), new AbortController().signal);
  await expect(failing).rejects.toThrow('it broke');
  expect(holder(cluster)).toBe('');
});

/** What a candidate's way to the server does for a while: works, is slow both ways, loses answers, or is cut. */
const weather = fc.record({
  who: fc.nat(2),
  forMs: fc.integer({ min: second, max: 40 * second }),
  kind: fc.constantFrom('fine', 'slow', 'deaf', 'cut'),
  delayMs: fc.integer({ min: 0, max: 20 * second }),
});

test('never two leaders at once, whatever their networks and clocks do; and one in the end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(weather, { maxLength: 25 }),
      fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 3, maxLength: 3 }),
      fc.integer(),
      async (weathers, skews, seed) => {
        const cluster = createTestCluster({ random: createSeededRandom(seed) });
        const { clock } = cluster;
        let most = 0;
        const now: { kind: string; delayMs: number }[] = skews.map(() => ({ kind: 'fine', delayMs: 0 }));
        const seats: Seat[] = skews.map((skewMs, index) =>
          seat(cluster, `candidate-${index}`, {
            again: true,
            clock: { ...clock, now: () => clock.now() + skewMs },
            onLead: () => {
              most = Math.max(most, seats.filter(({ leading }) => leading).length);
            },
            interceptor: {
              async before() {
                const { kind, delayMs } = now[index] ?? { kind: 'fine', delayMs: 0 };
                if (kind === 'slow') await clock.sleep(delayMs);
                if (kind === 'cut') throw new ApiError('ServiceUnavailable', 'cut off');
              },
              async after() {
                const { kind, delayMs } = now[index] ?? { kind: 'fine', delayMs: 0 };
                if (kind === 'slow') await clock.sleep(delayMs);
                if (kind === 'deaf') throw new ApiError('Timeout', 'the answer was lost');
              },
            },
          }),
        );
        for (const { who, forMs, kind, delayMs } of weathers) {
          now[who] = { kind, delayMs };
          await clock.advance(forMs);
          expect(seats.filter(({ leading }) => leading).length).toBeLessThanOrEqual(1);
        }
        expect(most).toBeLessThanOrEqual(1);
        for (const one of now) one.kind = 'fine';
        await clock.advance(120 * second);
        expect(seats.filter(({ leading }) => leading)).toHaveLength(1);
        for (const one of seats) one.stop();
        await clock.advance(30 * second);
        await Promise.all(seats.map(({ ended }) => ended));
      },
    ),
    { numRuns: 60 },
  );
});
