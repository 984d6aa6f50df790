/** The whole loop under chance. */
import { type Pod, resources } from '@skiff/api';
import { allocatable, createTestCluster, node, pod, requesting, settle } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { podRequests, toResources } from '../framework/resources.ts';

import { important, reap, start, where } from './testing.ts';

const act = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    cpu: fc.integer({ min: 1, max: 20 }),
    priority: fc.constantFrom(0, 0, 10),
  }),
  fc.record({ do: fc.constantFrom('finish' as const, 'delete' as const), which: fc.nat(30) }),
  fc.record({ do: fc.constantFrom('break' as const, 'lag' as const, 'wait' as const) }),
);

test('whatever happens, no node runs more than it has, and in the end nobody waits who would fit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const cluster = createTestCluster();
      const { clock } = cluster;
      const pods = cluster.client.resource(resources.pods);
      cluster.seed(
        resources.nodes,
        ...[10, 20, 30].map((cpu) => node(`n${cpu}`, allocatable({ cpu: String(cpu), pods: '5' }))),
      );
      const { stop } = start(cluster);
      const rooms = new Map(
        cluster
          .all(resources.nodes)
          .map(({ metadata, status }) => [metadata.name, toResources(status?.allocatable as never)]),
      );
      const unfinished = (): readonly Pod[] =>
        cluster.all(resources.pods).filter(({ status }) => status?.phase !== 'Succeeded');
      const left = (name: string): { cpu: number; pods: number } => {
        const there = unfinished().filter(({ spec }) => spec.nodeName === name);
        const used = there.reduce((sum, one) => sum + (podRequests(one).get('cpu') ?? 0), 0);
        return {
          cpu: (rooms.get(name)?.get('cpu') ?? 0) - used,
          pods: (rooms.get(name)?.get('pods') ?? 0) - there.length,
        };
      };
      const check = (): void => {
        for (const name of rooms.keys()) {
          expect(left(name).cpu).toBeGreaterThanOrEqual(0);
          expect(left(name).pods).toBeGreaterThanOrEqual(0);
        }
      };
      for (const [index, one] of acts.entries()) {
        const all = cluster.all(resources.pods);
        const target = 'which' in one ? all[one.which % Math.max(all.length, 1)]?.metadata.name : undefined;
        if (one.do === 'create')
          cluster.seed(resources.pods, pod(`p${index}`, requesting({ cpu: String(one.cpu) }), important(one.priority)));
        else if (one.do === 'finish' && target !== undefined && where(cluster)[target] !== undefined)
          await pods.patch('default', target, 'merge', { status: { phase: 'Succeeded' } }, { subresource: 'status' });
        else if (one.do === 'delete' && target !== undefined) await pods.delete('default', target);
        else if (one.do === 'break') cluster.watches.fail();
        else if (one.do === 'lag') cluster.watches.hold();
        else await clock.advance(500);
        await settle();
        cluster.watches.release();
        await reap(cluster);
        check();
      }
      for (let turn = 0; turn < 20; turn += 1) {
        await clock.advance(20_000);
        await reap(cluster);
        check();
      }
      for (const one of unfinished()) {
        if (one.spec.nodeName) continue;
        const cpu = podRequests(one).get('cpu') ?? 0;
        for (const name of rooms.keys()) expect(left(name).cpu < cpu || left(name).pods < 1).toBe(true);
      }
      await stop();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 40 },
  );
});
