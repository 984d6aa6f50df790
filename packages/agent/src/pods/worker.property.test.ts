/** Whatever befalls a node, its pods come up in the end, never twice, and leave nothing when they go. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RuntimeError } from '../runtime/contract.ts';
import { running, testNode } from './testing/node.ts';

const operations = [
  ...(['runSandbox', 'createContainer', 'startContainer', 'stopContainer', 'removeContainer', 'list'] as const),
  ...(['inspect', 'imageStatus', 'pullImage'] as const),
];

type Blow =
  | { readonly type: 'fail'; readonly operation: (typeof operations)[number]; readonly away: boolean }
  | { readonly type: 'kill'; readonly which: number }
  | { readonly type: 'away' | 'restart' | 'remove' | 'loseEvents' }
  | { readonly type: 'pass'; readonly seconds: number };

const blows: fc.Arbitrary<Blow[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('fail' as const),
        operation: fc.constantFrom(...operations),
        away: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('kill' as const), which: fc.nat(9) }) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('away' as const, 'restart' as const, 'remove' as const, 'loseEvents' as const)
        .map((type) => ({ type })),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
    },
  ),
  { maxLength: 12 },
);

type Node = Awaited<ReturnType<typeof testNode>>;

async function strike(node: Node, blow: Blow): Promise<void> {
  switch (blow.type) {
    case 'fail':
      node.runtime.failNext(blow.operation, new RuntimeError(blow.away ? 'unavailable' : 'internal', 'struck'));
      return;
    case 'kill': {
      const all = await quiet(node);
      const one = all[blow.which % Math.max(1, all.length)];
      if (one !== undefined) node.runtime.kill(one.id);
      return;
    }
    case 'away':
      node.runtime.down = true;
      await node.pass(20_000);
      node.runtime.down = false;
      return;
    case 'restart':
      await node.stop();
      node.start();
      return;
    case 'remove': {
      const [one] = await quiet(node);
      if (one !== undefined) await node.runtime.removeContainer(one.id).catch(() => undefined);
      return;
    }
    case 'loseEvents':
      node.runtime.loseEvents();
      return;
    case 'pass':
      await node.pass(blow.seconds * 1000);
      return;
  }
}

/** What there is, past the failures that are still waiting to happen. */
async function quiet(node: Node) {
  for (;;) {
    try {
      return await node.runtime.list();
    } catch {
      // A failure that was meant for the agent; the next look goes on.
    }
  }
}

test('pods come up, once, and go whole', async () => {
  await fc.assert(
    fc.asyncProperty(blows, async (list) => {
      const node = await testNode();
      await node.create('web', {
        initContainers: [
          running('init', 'sleep 1; exit 0'),
          running('proxy', 'sleep inf', { restartPolicy: 'Always' }),
        ],
        containers: [running('app'), running('other')],
      });
      for (const blow of list) {
        await strike(node, blow);
        const names = (await quiet(node))
          .filter(({ state, role }) => state === 'running' && role === 'container')
          .map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
      }
      await node.until(() => node.condition('web', 'Ready')?.status === 'True');
      await node.pass(120_000);
      expect(node.condition('web', 'Ready')?.status).toBe('True');
      const up = (await quiet(node)).filter(({ state }) => state === 'running').map(({ name }) => name);
      expect(up.toSorted()).toEqual(['', 'app', 'other', 'proxy']);
      await node.remove('web', 5);
      await node.until(() => !node.exists('web'));
      expect(await quiet(node)).toEqual([]);
      await node.stop();
      expect(
        node.logger.lines
          .filter(({ level }) => level === 'error')
          .map(({ message, fields }) => `${message} ${String(Reflect.get(fields, 'err'))}`)
          .filter((line) => !line.includes('struck')),
      ).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 120_000);
