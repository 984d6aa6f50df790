/** Keeps one nftables table equal to a ruleset. */
import type { Logger } from '@skiff/api';
import { type CommandRunner, output } from '../command.ts';
import { type FoundCollection, nothingPresent, type Present, transition } from './diff.ts';
import type { Ruleset } from './ruleset.ts';

export interface NftTable {
  /** One transaction: all of the ruleset holds afterwards, or (on CommandFailed) nothing changed. Calls wait for each other. */
  apply(wanted: Ruleset): Promise<void>;
  /** Removes the table. Succeeds when there is none. */
  remove(): Promise<void>;
  /** Looks whether the table that was applied is still there (a firewall's reload may flush all); if not, the next `apply` makes it anew. */
  notice(): Promise<void>;
}

export function nftTable(name: string, run: CommandRunner, logger: Logger): NftTable {
  let applied: Ruleset | undefined;
  let last: Promise<void> = Promise.resolve();

  const load = (lines: readonly string[]): Promise<string> =>
    output(run, 'nft', ['-f', '-'], { stdin: `${lines.join('\n')}\n` });

  const applyNow = async (wanted: Ruleset): Promise<void> => {
    const present: Present = applied === undefined ? await lookAtKernel(name, run) : { known: 'all', ruleset: applied };
    const lines = transition(name, present, wanted);
    if (lines.length === 0) return;
    try {
      await load(lines);
    } catch (error) {
      applied = undefined;
      // Something in the kernel is not what we believe (another version's table, someone's hand): build it anew.
      logger.warn({ table: name, err: error }, 'nftables table could not be changed in place, rebuilding it');
      await load([`add table ip ${name}`, `delete table ip ${name}`, ...transition(name, nothingPresent, wanted)]);
    }
    applied = wanted;
  };

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };

  return {
    apply: (wanted) => inTurn(() => applyNow(wanted)),
    remove: () =>
      inTurn(async () => {
        applied = undefined;
        await load([`add table ip ${name}`, `delete table ip ${name}`]);
      }),
    notice: () =>
      inTurn(async () => {
        if (applied === undefined) return;
        const tables = await output(run, 'nft', ['list', 'tables', 'ip']);
        if (!tables.split('\n').includes(`table ip ${name}`)) applied = undefined;
      }),
  };
}

interface ListedObject {
  readonly chain?: { readonly name: string };
  readonly set?: { readonly name: string };
  readonly map?: { readonly name: string };
}

async function lookAtKernel(table: string, run: CommandRunner): Promise<Present> {
  const listed = await run('nft', ['-j', '-t', 'list', 'table', 'ip', table]);
  if (listed.code !== 0) return nothingPresent;
  const { nftables } = JSON.parse(listed.stdout) as { nftables: readonly ListedObject[] };
  const chains: string[] = [];
  const collections: FoundCollection[] = [];
  for (const { chain, set, map } of nftables) {
    if (chain !== undefined) chains.push(chain.name);
    if (set !== undefined) collections.push({ name: set.name, kind: 'set' });
    if (map !== undefined) collections.push({ name: map.name, kind: 'map' });
  }
  return { known: 'names', chains, collections };
}
