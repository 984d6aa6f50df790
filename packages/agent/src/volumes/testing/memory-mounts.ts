/** A mount table that only remembers what it was asked for. */
import type { MountTable } from '../mount-table.ts';

export function memoryMounts(): MountTable & { readonly mounted: readonly string[] } {
  const mounted: string[] = [];
  return {
    mounted,
    below: async (dir) => mounted.filter((point) => point === dir || point.startsWith(`${dir}/`)).toReversed(),
    isMounted: async (path) => mounted.includes(path),
    tmpfs: async (path) => void mounted.push(path),
    bind: async (_from, to) => void mounted.push(to),
    async unmount(path) {
      mounted.splice(mounted.lastIndexOf(path), 1);
    },
  };
}
