import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createMemoryRegistry,
  createStepClock,
  type MemoryRegistry,
  silentLogger,
  statusOf,
} from '../registry/testing.ts';
import type { DownFrame } from './frames.ts';
import { createLink, createLinks, type Link } from './link.ts';
import { createUsage, readEveryMs, type Usage } from './usage.ts';

const measured = (cores: number, bytes: number) => ({
  cpu: { time: '2026-01-02T03:04:15Z', usageNanoCores: cores },
  memory: { workingSetBytes: bytes },
});
const podOf = (name: string, containers: readonly object[]) => ({
  podRef: { name, namespace: 'default', uid: name },
  containers,
});

let at: MemoryRegistry;
let usage: Usage;
let links: ReturnType<typeof createLinks>;
const clock = createStepClock();
const stop = new AbortController();
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A linked node whose agent answers with `answer`; undefined: it stays silent. */
function addNode(name: string, answer: () => string | undefined): Link {
  const link = createLink({
    ...{ nodeName: name, agentVersion: '1', clock },
    async send(frame: DownFrame) {
      const text = frame.type === 'open' ? answer() : undefined;
      if (frame.type === 'ping') link.receive({ stream: 0, type: 'pong' });
      if (text === undefined) return;
      queueMicrotask(() => {
        link.receive({ stream: frame.stream, type: 'data', channel: 'stdout', data: Buffer.from(text) });
        link.receive({ stream: frame.stream, type: 'end', outcome: { exitCode: undefined, status: undefined } });
      });
    },
  });
  links.add(link);
  return link;
}

beforeEach(async () => {
  links = createLinks();
  usage = createUsage({ links, clock, logger: silentLogger });
  at = await createMemoryRegistry({ usage });
  void usage.run(stop.signal);
  for (const name of ['a', 'b', 'c'])
    await at.call.create('nodes', '', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { zone: name } } });
  for (const [name, nodeName] of [
    ['one', 'a'],
    ['two', 'b'],
  ] as const)
    await at.call.create('pods', 'default', {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } } },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }] },
    });
  await at.cache.reaches(await at.store.revision(), 1000);
});
afterEach(() => at.close());

const read = async (): Promise<void> => {
  clock.step(readEveryMs);
  await settle();
  await settle();
};

describe('metrics', () => {
  it('are what agents say of their own node and pods', async () => {
    const summary = {
      node: measured(1_500_000_000, 2 ** 30),
      pods: [podOf('one', [{ name: 'c', ...measured(1_234_567, 3 * 1024) }])],
    };
    addNode('a', () => JSON.stringify(summary));
    // What a node says of another's pod is no news.
    addNode('b', () =>
      JSON.stringify({ node: measured(1, 1), pods: [podOf('one', [{ name: 'c', ...measured(9, 9) }])] }),
    );
    await read();
    expect(await at.call.get('metrics.k8s.io/v1beta1/nodes', '', 'a')).toEqual({
      ...{ kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1' },
      metadata: { name: 'a', labels: { zone: 'a' }, creationTimestamp: '2026-01-02T03:04:05Z' },
      ...{ timestamp: '2026-01-02T03:04:15Z', window: '10s', usage: { cpu: '1500m', memory: '1Gi' } },
    });
    expect(await at.call.get('metrics.k8s.io/v1beta1/pods', 'default', 'one')).toMatchObject({
      metadata: { name: 'one', namespace: 'default', labels: { app: 'one' } },
      containers: [{ name: 'c', usage: { cpu: '1234567n', memory: '3Ki' } }],
    });
    expect(await at.call.names('metrics.k8s.io/v1beta1/pods', '')).toEqual(['one']);
    expect(await at.call.names('metrics.k8s.io/v1beta1/nodes', '', { labelSelector: 'zone in (b, c)' })).toEqual(['b']);
    expect(await at.call.names('metrics.k8s.io/v1beta1/pods', 'other')).toEqual([]);
    expect(await statusOf(at.call.get('metrics.k8s.io/v1beta1/pods', 'default', 'two'))).toMatchObject({
      ...{ code: 404, message: 'podmetrics.metrics.k8s.io "default/two" not found' },
    });
    for (const [of, namespace, message] of [
      ['pods', 'default', 'pods "nope" not found'],
      ['nodes', '', 'nodes "nope" not found'],
    ] as const)
      expect(await statusOf(at.call.get(`metrics.k8s.io/v1beta1/${of}`, namespace, 'nope'))).toMatchObject({ message });
  });

  it('leave out silent nodes, nonsense, and pods of which a part is not measured', async () => {
    let answer: string | undefined = JSON.stringify({ node: measured(1, 1) });
    addNode('a', () => answer);
    addNode('b', () =>
      JSON.stringify({
        node: { cpu: 'x' },
        pods: [podOf('two', [{ name: 'c', ...measured(1, 1) }, { name: 'd' }]), 7],
      }),
    );
    addNode('c', () => 'not JSON');
    await read();
    expect(await at.call.names('metrics.k8s.io/v1beta1/nodes', '')).toEqual(['a']);
    expect(await at.call.names('metrics.k8s.io/v1beta1/pods', '')).toEqual([]);
    answer = undefined;
    await read();
    clock.step(5000);
    await settle();
    expect(await at.call.names('metrics.k8s.io/v1beta1/nodes', '')).toEqual([]);
    expect(links.of('a').streams).toBe(0);
  });
});
