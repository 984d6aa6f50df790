/** Attaches sandboxes to the pod network and detaches them, one step at a time for each sandbox. */
import type { Logger } from '@skiff/api';
import { type Attachment, type Attachments, addressHolders, attachmentOf, isSandboxId } from './attachments.ts';
import { type CniCall, CniError, type CniResult, callPlugin } from './cni.ts';
import type { CommandRunner } from './command.ts';
import type { SandboxNetwork } from './contract.ts';
import { loopbackConfig } from './settings.ts';

export interface AttacherOptions {
  readonly run: CommandRunner;
  readonly binDir: string;
  readonly attachments: Attachments;
  /** Where host-local keeps this network's addresses. */
  readonly addressStore: string;
  /** The network's configuration of now. Throws NetworkNotReady when there is none yet. */
  readonly config: () => object;
  readonly isReady: () => boolean;
  /** Called when host ports were added or taken away; resolves when they work. */
  readonly publish: () => Promise<void>;
  readonly logger: Logger;
}

export interface Attacher {
  attach(sandbox: SandboxNetwork): Promise<{ readonly ips: readonly string[] }>;
  detach(sandbox: Pick<SandboxNetwork, 'sandboxId' | 'netnsPath'>): Promise<void>;
  /**
   * Detaches whatever holds an address and is not among the living. Who lives is asked after who holds: a sandbox that is
   * attached meanwhile is not in danger. Resolves to what it detached.
   */
  collectGarbage(liveSandboxIds: () => Promise<Iterable<string>>): Promise<readonly string[]>;
}

/** The name of a pod's device, inside its namespace. */
const podDevice = 'eth0';

export function attacher(options: AttacherOptions): Attacher {
  const { run, binDir, attachments, addressStore, config, isReady, publish, logger } = options;
  const turns = new Map<string, Promise<unknown>>();

  const inTurn = async <T>(sandboxId: string, work: () => Promise<T>): Promise<T> => {
    if (!isSandboxId(sandboxId)) throw new CniError('none', 'ADD', 4, `"${sandboxId}" cannot be a container id`);
    const mine = (turns.get(sandboxId) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    turns.set(sandboxId, settled);
    try {
      return await mine;
    } finally {
      if (turns.get(sandboxId) === settled) turns.delete(sandboxId);
    }
  };

  const call = (verb: CniCall['verb'], sandboxId: string, netns: string, of: object): Promise<CniResult> =>
    callPlugin(run, binDir, { plugin: 'bridge', verb, containerId: sandboxId, netns, device: podDevice, config: of });

  const detachNow = async (sandboxId: string, netns: string): Promise<void> => {
    const known = attachments.all.get(sandboxId);
    // What is not on file can only hold an address, and garbage collection frees that once the network is ready.
    if (known === undefined && !isReady()) return;
    const before = known === undefined ? config() : { ...known.config, prevResult: known.result };
    await call('DEL', sandboxId, netns, before);
    await attachments.remove(sandboxId);
    if (known !== undefined && known.hostPorts.length > 0) await publish();
  };

  const stillHolds = async (known: Attachment, netns: string): Promise<boolean> => {
    try {
      await call('CHECK', known.sandboxId, netns, { ...known.config, prevResult: known.result });
      return true;
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      logger.warn({ sandbox: known.sandboxId, err: error }, 'sandbox lost its network, attaching it again');
      return false;
    }
  };

  const add = async (sandbox: SandboxNetwork): Promise<{ readonly ips: readonly string[] }> => {
    const { sandboxId, netnsPath } = sandbox;
    const of = config();
    try {
      const loopback = {
        plugin: 'loopback',
        verb: 'ADD',
        containerId: sandboxId,
        netns: netnsPath,
        device: 'lo',
      } as const;
      await callPlugin(run, binDir, { ...loopback, config: loopbackConfig });
      const result = await call('ADD', sandboxId, netnsPath, of);
      const ips = (result.ips ?? []).map(({ address }) => address.split('/')[0] ?? '');
      await attachments.put(attachmentOf(sandbox, ips, of, result));
      if (sandbox.hostPorts.length > 0) await publish();
      return { ips };
    } catch (error) {
      // The spec wants a DEL after a failed ADD: half an attachment must not hold an address.
      await detachNow(sandboxId, netnsPath).catch((second) =>
        logger.warn({ sandbox: sandboxId, err: second }, 'cannot undo a failed attachment'),
      );
      throw error;
    }
  };

  return {
    attach: (sandbox) =>
      inTurn(sandbox.sandboxId, async () => {
        const known = attachments.all.get(sandbox.sandboxId);
        if (known !== undefined) {
          if (await stillHolds(known, sandbox.netnsPath)) return { ips: known.ips };
          await detachNow(sandbox.sandboxId, sandbox.netnsPath);
        }
        return add(sandbox);
      }),
    detach: ({ sandboxId, netnsPath }) => inTurn(sandboxId, () => detachNow(sandboxId, netnsPath)),
    async collectGarbage(live) {
      config();
      const holders = new Set([...attachments.all.keys(), ...(await addressHolders(addressStore))]);
      const living = new Set(await live());
      const dead = [...holders].filter((id) => !living.has(id));
      for (const id of dead) await inTurn(id, () => detachNow(id, ''));
      return dead;
    },
  };
}
