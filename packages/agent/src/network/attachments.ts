/** What is attached to the pod network, kept on disk so that an agent knows it again after a restart: one file a sandbox. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPort, SandboxNetwork } from './contract.ts';

export interface Attachment {
  readonly sandboxId: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly netnsPath: string;
  readonly hostPorts: readonly HostPort[];
  readonly ips: readonly string[];
  /** The network's configuration at the time, and what the plugin answered: CHECK and DEL want both. */
  readonly config: object;
  readonly result: object;
}

export interface Attachments {
  readonly all: ReadonlyMap<string, Attachment>;
  put(attachment: Attachment): Promise<void>;
  remove(sandboxId: string): Promise<void>;
}

export function attachmentOf(
  sandbox: SandboxNetwork,
  ips: readonly string[],
  config: object,
  result: object,
): Attachment {
  const { sandboxId, namespace, name, uid, netnsPath, hostPorts } = sandbox;
  return { sandboxId, namespace, name, uid, netnsPath, hostPorts, ips, config, result };
}

/** Container ids as CNI allows them; anything else never becomes a file name. */
const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** True for an id that CNI takes. */
export const isSandboxId = (id: string): boolean => idPattern.test(id) && id.length <= 200;

/** Reads what an earlier agent left; a file that cannot be read is as good as none, and its address is freed by garbage collection. */
export async function openAttachments(dir: string): Promise<Attachments> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const all = new Map<string, Attachment>();
  for (const file of await readdir(dir)) {
    const attachment = await readAttachment(join(dir, file));
    if (attachment !== undefined && file === `${attachment.sandboxId}.json`) all.set(attachment.sandboxId, attachment);
  }
  const pathOf = (sandboxId: string): string => join(dir, `${sandboxId}.json`);
  return {
    all,
    async put(attachment) {
      const path = pathOf(attachment.sandboxId);
      // Renamed into place: a crash leaves the old file or the new one, never half of one.
      await writeFile(`${path}.new`, JSON.stringify(attachment), { mode: 0o600 });
      await rename(`${path}.new`, path);
      all.set(attachment.sandboxId, attachment);
    },
    async remove(sandboxId) {
      await rm(pathOf(sandboxId), { force: true });
      all.delete(sandboxId);
    },
  };
}

async function readAttachment(path: string): Promise<Attachment | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Attachment>;
    const whole =
      typeof value.sandboxId === 'string' &&
      Array.isArray(value.ips) &&
      Array.isArray(value.hostPorts) &&
      typeof value.config === 'object' &&
      typeof value.result === 'object';
    return whole ? (value as Attachment) : undefined;
  } catch {
    return undefined;
  }
}

/** Ids that hold an address in host-local's store: a file for each address, its first line the container's id. */
export async function addressHolders(storeDir: string): Promise<readonly string[]> {
  const files = await readdir(storeDir).catch(() => []);
  const holders = new Set<string>();
  for (const file of files.filter((name) => /^\d+\.\d+\.\d+\.\d+$/.test(name))) {
    const [id = ''] = (await readFile(join(storeDir, file), 'utf8').catch(() => '')).split(/\r?\n/);
    if (isSandboxId(id)) holders.add(id);
  }
  return [...holders];
}
