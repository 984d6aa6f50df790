import { findCondition, type Pod, type PodStatus, resources } from '@skiff/api';
import { createTestCluster, intercept, pod, silentLogger } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { StatusReporter } from './reporter.ts';

const at = '2026-01-02T03:04:05Z';
const statusOf = (ready: 'True' | 'False', reason?: string): PodStatus => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: ready, lastTransitionTime: at, ...(reason === undefined ? {} : { reason }) }],
});

function started() {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('p'));
  const ending = new AbortController();
  let patches = 0;
  let failing = false;
  const client = intercept(cluster.client, {
    before() {
      patches += 1;
      if (failing) throw new Error('nobody there');
    },
  });
  const reporter = new StatusReporter({
    ...{ client, clock: cluster.clock, random: () => 0, logger: silentLogger },
    ...{ onLanded: () => {}, signal: ending.signal },
  });
  const stored = (): Pod => {
    const [only] = cluster.all(resources.pods);
    if (only === undefined) throw new Error('the pod is gone');
    return only;
  };
  return {
    ...{ cluster, reporter, stored },
    ready: () => findCondition(stored().status?.conditions, 'Ready'),
    patches: () => patches,
    setFailing: (now: boolean): void => {
      failing = now;
    },
    report: async (status: PodStatus): Promise<void> => {
      reporter.report(stored(), status);
      await cluster.clock.advance(0);
    },
  };
}

describe('a pod’s status', () => {
  test('is sent once', async () => {
    const { report, ready, patches } = started();
    await report(statusOf('True'));
    await report(statusOf('True'));
    expect(ready()?.status).toBe('True');
    expect(patches()).toBe(1);
  });

  test('that the API has already is not sent', async () => {
    const { report, reporter, stored, patches } = started();
    await report(statusOf('True'));
    reporter.forget(stored().metadata.uid);
    await report(statusOf('True'));
    expect(patches()).toBe(1);
    expect(reporter.hasLanded(stored().metadata.uid)).toBe(true);
  });

  test('a reason goes with what it was the reason for', async () => {
    const { report, ready } = started();
    await report(statusOf('False', 'ContainersNotReady'));
    await report(statusOf('True'));
    expect(ready()).toEqual({ type: 'Ready', status: 'True', lastTransitionTime: at });
  });

  test('is tried until it lands, the newest only', async () => {
    const { report, ready, setFailing, reporter, stored, cluster } = started();
    setFailing(true);
    await report(statusOf('False'));
    await report(statusOf('True'));
    expect(reporter.hasLanded(stored().metadata.uid)).toBe(false);
    setFailing(false);
    await cluster.clock.advance(500);
    expect(ready()?.status).toBe('True');
    expect(reporter.hasLanded(stored().metadata.uid)).toBe(true);
  });

  test('that somebody else has overwritten is put right', async () => {
    const { report, ready, reporter, stored, cluster } = started();
    await report(statusOf('True'));
    const lost = { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady', lastTransitionTime: at }] };
    const pods = cluster.client.resource(resources.pods);
    await pods.patch('default', 'p', 'strategic', { status: lost }, { subresource: 'status' });
    expect(reporter.latest(stored())?.conditions).toEqual(lost.conditions);
    await report(statusOf('True'));
    expect(ready()).toEqual({ type: 'Ready', status: 'True', lastTransitionTime: at });
  });

  test('an older document of the pod changes nothing', async () => {
    const { report, reporter, stored, patches } = started();
    const old = stored();
    await report(statusOf('True'));
    reporter.report(old, statusOf('True'));
    expect(reporter.latest(old)).toEqual(statusOf('True'));
    expect(patches()).toBe(1);
  });
});
