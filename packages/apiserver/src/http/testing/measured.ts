/** A server in a process of its own, so that its turns and its memory can be measured without those of its clients. For tests only. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@skiff/api';
import { issueCertificate } from '../../pki/authority.ts';
import type { Question } from './measured-process.ts';
import { clientsOf, type TestClients } from './server.ts';

export interface MeasuredServer extends TestClients {
  /**
   * The CPU milliseconds of the server's longest turn while `work` runs, as `watchTurns` counts them. Code that is not warm yet, and
   * collections of garbage, only add: the least of several tries counts, and the first below `enough` ends them.
   */
  longestTurn(work: () => Promise<unknown>, enough: number): Promise<number>;
  /** Resident bytes, without what nothing refers to. */
  memory(): Promise<number>;
  /** CPU milliseconds of the server since its start. */
  cpu(): Promise<number>;
  /** Prototypes that changed and errors that were logged. */
  faults(): Promise<readonly string[]>;
  /** Makes objects without a client's work, one after another. */
  make(target: MakeQuestion['target'], documents: readonly JsonObject[]): Promise<void>;
  /** Makes ConfigMaps c0, c1, ... of two kilobytes each. */
  fill(count: number): Promise<void>;
  close(): Promise<void>;
}

type MakeQuestion = Extract<Question, { type: 'make' }>;

const tries = 5;

export async function startMeasuredServer(): Promise<MeasuredServer> {
  const child = fork(fileURLToPath(new URL('./measured-process.ts', import.meta.url)), { execArgv: ['--expose-gc'] });
  const exited = once(child, 'exit');
  const [made] = await Promise.race([once(child, 'message'), exited.then(() => [undefined])]);
  if (made === undefined) throw new Error('the measured server did not start');
  const ask = async (question: Question): Promise<unknown> => {
    const answered = once(child, 'message');
    child.send(question);
    const [{ answer }] = await answered;
    return answer;
  };
  const make: MeasuredServer['make'] = async (target, documents) => {
    await ask({ type: 'make', target, documents });
  };
  return {
    ...clientsOf(made, (commonName, organizations) =>
      issueCertificate(made.ca, {
        ...{ commonName, organizations, usages: ['client'], nowMs: Date.now(), lifetimeMs: 86_400_000 },
      }),
    ),
    async longestTurn(work, enough) {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < tries && least > enough; i++) {
        await ask({ type: 'watch' });
        await work();
        least = Math.min(least, (await ask({ type: 'turns' })) as number);
      }
      return least;
    },
    memory: async () => (await ask({ type: 'memory' })) as number,
    faults: async () => (await ask({ type: 'faults' })) as readonly string[],
    cpu: async () => (await ask({ type: 'cpu' })) as number,
    make,
    fill: (count) =>
      make(
        { group: '', version: 'v1', resource: 'configmaps', namespace: 'default' },
        Array.from({ length: count }, (_, i) => ({ metadata: { name: `c${i}` }, data: { k: 'x'.repeat(2000) } })),
      ),
    async close() {
      await ask({ type: 'close' });
      await exited;
    },
  };
}
