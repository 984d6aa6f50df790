/** The process of a measured server: the server, and answers to what its parent asks by IPC. For tests only. */
import { shapes } from './invariants.ts';
import { startTestServer } from './server.ts';
import { watchTurns } from './turns.ts';

export type Question =
  | { readonly type: 'watch' | 'turns' | 'memory' | 'faults' | 'close' }
  | { readonly type: 'fill'; readonly count: number };

const at = await startTestServer();
const before = shapes();
let turns = (): number => 0;

async function answer(question: Question): Promise<unknown> {
  switch (question.type) {
    case 'watch':
      turns = watchTurns();
      return undefined;
    case 'turns':
      return turns();
    case 'memory':
      globalThis.gc?.();
      return process.memoryUsage().rss;
    case 'faults': {
      const changed = JSON.stringify(shapes()) === JSON.stringify(before) ? [] : ['a prototype has changed'];
      return [...changed, ...at.log.filter((line) => line.startsWith('error'))];
    }
    case 'fill':
      return fill(question.count);
    case 'close':
      return at.close();
  }
}

/** ConfigMaps c0, c1, ... of two kilobytes each. */
async function fill(count: number): Promise<void> {
  const context = {
    user: { name: 'system:test', uid: '', groups: ['system:masters'], extra: {} },
    ...{ userAgent: '', signal: new AbortController().signal, warn: () => {} },
  };
  const target = { group: '', version: 'v1', resource: 'configmaps', namespace: 'default', name: '', subresource: '' };
  const options = { dryRun: false, fieldManager: '', fieldValidation: 'Ignore' } as const;
  for (let i = 0; i < count; i++) {
    const document = { metadata: { name: `c${i}` }, data: { k: 'x'.repeat(2000) } };
    await at.server.registry.create(context, target, { document, duplicates: [] }, options);
  }
}

process.on('message', async (question: Question) => {
  process.send?.({ answer: await answer(question) });
  if (question.type === 'close') process.disconnect?.();
});
// Nobody is left to ask, whether told so above or because the parent was killed.
process.once('disconnect', () => process.exit());
process.send?.({ ca: at.ca, admin: at.admin, restPort: at.restPort, grpcAddress: at.grpcAddress });
