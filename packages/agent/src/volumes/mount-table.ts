/** What is mounted on this host, and mounting: thin over /proc/self/mountinfo and mount(8). */
import { readFile } from 'node:fs/promises';
import { type CommandRunner, output } from '../network/command.ts';

export interface MountTable {
  /** Mount points at or below `dir`, the deepest first. */
  below(dir: string): Promise<readonly string[]>;
  isMounted(path: string): Promise<boolean>;
  /** Throws CommandFailed. */
  tmpfs(path: string, options: { readonly sizeBytes?: number; readonly mode: string }): Promise<void>;
  bind(from: string, to: string): Promise<void>;
  unmount(path: string): Promise<void>;
}

export function hostMounts(run: CommandRunner): MountTable {
  const points = async (): Promise<string[]> => parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));
  return {
    async below(dir) {
      const inside = (await points()).filter((point) => point === dir || point.startsWith(`${dir}/`));
      return inside.sort((a, b) => b.length - a.length);
    },
    isMounted: async (path) => (await points()).includes(path),
    async tmpfs(path, { sizeBytes, mode }) {
      const options = [`mode=${mode}`, ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])].join(',');
      await output(run, 'mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
    },
    async bind(from, to) {
      // mount(8) would else resolve `from` to a name, and mount what has that name by then (CVE-2021-25741).
      await output(run, 'mount', ['--no-canonicalize', '--bind', from, to]);
    },
    async unmount(path) {
      await output(run, 'umount', [path]);
    },
  };
}

/** The fifth field of each line of mountinfo, with its octal escapes undone (proc(5)). */
export function parseMountInfo(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((point) => point !== undefined)
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
}
