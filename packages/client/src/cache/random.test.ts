/** An informer under chance. */
import { expired, type Pod, resources } from '@skiff/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTestCluster, pod } from '../testing/index.ts';

import { inform, minute, touch } from './testing.ts';

/** What may happen between an informer and its server. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('create', 'touch', 'delete'), name: fc.constantFrom('a', 'b', 'c') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('end', 'fail', 'expire', 'replay', 'bookmark', 'lag', 'wait', 'drop') }),
  },
);

test('whatever happens, versions only go up, each change is told once, and in the end the cache is what the server holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), fc.integer(), async (happenings, seed) => {
      const cluster = createTestCluster();
      const pods = cluster.client.resource(resources.pods);
      const { informer, factory } = inform(cluster, {}, cluster.client, seed);
      const held = new Map<string, Pod>();
      informer.onChange((change) => {
        const { name } = change.object.metadata;
        const before = held.get(name);
        if (change.type === 'added') expect(before).toBeUndefined();
        if (change.type === 'updated') expect(change.old).toBe(before);
        if (change.type === 'removed') expect(before).toBeDefined();
        if (before !== undefined && change.type !== 'removed')
          expect(Number(change.object.metadata.resourceVersion)).toBeGreaterThan(
            Number(before.metadata.resourceVersion),
          );
        if (change.type === 'removed') held.delete(name);
        else held.set(name, change.object);
      });
      for (const [index, one] of happenings.entries()) {
        if ('name' in one && one.do === 'create') await pods.create(pod(one.name)).catch(() => undefined);
        else if ('name' in one && one.do === 'touch')
          await touch(cluster, one.name, String(index)).catch(() => undefined);
        else if ('name' in one) await pods.delete('default', one.name).catch(() => undefined);
        else if (one.do === 'end') cluster.watches.end();
        else if (one.do === 'fail') cluster.watches.fail();
        else if (one.do === 'expire') cluster.watches.fail(expired('gone'));
        else if (one.do === 'replay') cluster.watches.replay(5);
        else if (one.do === 'bookmark') cluster.watches.bookmark();
        else if (one.do === 'drop') cluster.watches.drop(1);
        else if (one.do === 'lag') cluster.listAt(cluster.version);
        else await cluster.clock.advance(200);
      }
      cluster.listAt(undefined);
      await cluster.clock.advance(2 * minute);
      cluster.watches.expire();
      await cluster.clock.advance(2 * minute);
      const versions = (all: readonly Pod[]) =>
        all.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
      expect(versions(informer.list())).toEqual(versions(cluster.all(resources.pods)));
      expect(versions([...held.values()])).toEqual(versions(informer.list()));
      await factory.stop();
    }),
    { numRuns: 150 },
  );
});
