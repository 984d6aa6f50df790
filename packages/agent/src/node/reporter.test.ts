import { findCondition, resources } from '@skiff/api';
import { createTestCluster, intercept, node, silentLogger } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import type { Pressure } from '../eviction/thresholds.ts';
import { NodeReporter } from './reporter.ts';
import { hostFacts } from './testing.ts';

async function started(options: { readonly wasReady?: boolean; readonly fault?: string } = {}) {
  const cluster = createTestCluster();
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const [registered] = cluster.seed(
    resources.nodes,
    node('n1', { status: { conditions: options.wasReady === true ? [ready] : [] } }),
  );
  if (registered === undefined) throw new Error('no node');
  const told: string[] = [];
  let posts = 0;
  const client = intercept(cluster.client, {
    before: () => {
      posts += 1;
    },
  });
  const engine = { down: false };
  const sight = { host: hostFacts(), images: [] };
  const readHost = async () => {
    if (engine.down) throw new Error('no answer');
    return sight;
  };
  const state = { fault: options.fault as string | undefined, pressures: new Set<Pressure>() };
  const stored = () => cluster.all(resources.nodes)[0];
  const reporter = new NodeReporter(
    {
      ...{ client, readHost, clock: cluster.clock, logger: silentLogger, nodeName: 'n1', nodeIP: '10.0.0.1' },
      ...{
        tickMs: 1000,
        maxPods: 110,
        node: stored,
        networkFault: () => state.fault,
        pressures: () => state.pressures,
        thresholds: {},
        tell: (reason: string) => void told.push(reason),
      },
    },
    sight,
  );
  const ending = new AbortController();
  let readies = 0;
  const running = reporter.run(
    () => registered,
    () => {
      readies += 1;
    },
    ending.signal,
  );
  await cluster.clock.advance(0);
  return {
    ...{ cluster, engine, state, told },
    ready: () => findCondition(stored()?.status?.conditions, 'Ready'),
    posts: () => posts,
    readies: () => readies,
    async end() {
      ending.abort();
      await running;
      expect(cluster.clock.pending).toBe(0);
    },
  };
}

describe('a node’s status', () => {
  test('is posted at once, and Ready is told once', async () => {
    const agent = await started();
    expect(agent.ready()?.status).toBe('True');
    await agent.cluster.clock.advance(5000);
    expect(agent.readies()).toBe(1);
    expect(agent.posts()).toBe(1);
    await agent.end();
  });

  test('follows the network within a second', async () => {
    const agent = await started({ fault: 'no pod CIDR yet' });
    expect(agent.ready()?.status).toBe('False');
    agent.state.fault = undefined;
    await agent.cluster.clock.advance(1000);
    expect(agent.ready()?.status).toBe('True');
    agent.state.fault = 'the bridge is gone';
    await agent.cluster.clock.advance(1000);
    expect(agent.ready()).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
    await agent.end();
  });

  test('its changes are told of as kubelet tells of them', async () => {
    const agent = await started({ wasReady: true });
    expect(agent.told).toEqual(['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID']);
    agent.told.length = 0;
    const nodes = agent.cluster.client.resource(resources.nodes);
    for (const unschedulable of [true, false]) {
      await nodes.patch('', 'n1', 'merge', { spec: { unschedulable } });
      await agent.cluster.clock.advance(1000);
    }
    expect(agent.told).toEqual(['NodeNotSchedulable', 'NodeSchedulable']);
    agent.told.length = 0;
    agent.state.pressures = new Set(['DiskPressure']);
    agent.state.fault = 'the bridge is gone';
    await agent.cluster.clock.advance(10_000);
    agent.state.pressures = new Set();
    await agent.cluster.clock.advance(10_000);
    expect(agent.told).toEqual(['NodeHasDiskPressure', 'NodeNotReady', 'NodeHasNoDiskPressure']);
    await agent.end();
  });

  test('that was Ready stays so while its agent starts again, for a while', async () => {
    const agent = await started({ wasReady: true, fault: 'not read yet' });
    await agent.cluster.clock.advance(5000);
    expect(agent.ready()).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' });
    await agent.cluster.clock.advance(30_000);
    expect(agent.ready()?.status).toBe('False');
    await agent.end();
  });

  test('an engine that does not answer is given half a minute', async () => {
    const agent = await started();
    agent.engine.down = true;
    await agent.cluster.clock.advance(25_000);
    expect(agent.ready()?.status).toBe('True');
    await agent.cluster.clock.advance(10_000);
    expect(agent.ready()?.status).toBe('False');
    expect(agent.ready()?.message).toBe('container runtime is down: no answer');
    await agent.end();
  });

  test('that somebody else called Unknown is put right', async () => {
    const agent = await started();
    const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: '' }];
    const nodes = agent.cluster.client.resource(resources.nodes);
    await nodes.patch('', 'n1', 'strategic', { status: { conditions } }, { subresource: 'status' });
    await agent.cluster.clock.advance(1000);
    expect(agent.ready()?.status).toBe('True');
    await agent.end();
  });
});
