/** The process of a measured server: the server, and answers to what its parent asks by IPC. For tests only. */
import type { JsonObject } from '@skiff/api';
import type { Target } from '../../registry/contract.ts';
import { shapes } from './invariants.ts';
import { startTestServer } from './server.ts';
import { watchTurns } from './turns.ts';

export type Question =
  | { readonly type: 'watch' | 'turns' | 'memory' | 'cpu' | 'faults' | 'close' }
  | {
      readonly type: 'make';
      readonly target: Pick<Target, 'group' | 'version' | 'resource' | 'namespace'>;
      readonly documents: readonly JsonObject[];
    };

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
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
    case 'faults': {
      const changed = JSON.stringify(shapes()) === JSON.stringify(before) ? [] : ['a prototype has changed'];
      return [...changed, ...at.log.filter((line) => line.startsWith('error'))];
    }
    case 'make':
      return make(question);
    case 'close':
      return at.close();
  }
}

async function make({ target, documents }: Extract<Question, { type: 'make' }>): Promise<void> {
  const context = {
    user: { name: 'system:test', uid: '', groups: ['system:masters'], extra: {} },
    ...{ userAgent: '', signal: new AbortController().signal, warn: () => {} },
  };
  const options = { dryRun: false, fieldManager: '', fieldValidation: 'Ignore' } as const;
  for (const document of documents)
    await at.server.registry.create(
      context,
      { ...target, name: '', subresource: '' },
      { document, duplicates: [] },
      options,
    );
}

process.on('message', async (question: Question) => {
  process.send?.({ answer: await answer(question) });
  if (question.type === 'close') process.disconnect?.();
});
// Nobody is left to ask, whether told so above or because the parent was killed.
process.once('disconnect', () => process.exit());
process.send?.({ ca: at.ca, admin: at.admin, restPort: at.restPort, grpcAddress: at.grpcAddress });
