/** Files of a pod's volumes that would stand at one another's place (pkg/api/pod/warnings.go's warningsForOverlappingVirtualPaths). */
import { goQuote } from '../algebra/go-text.ts';
import type { PodSpec } from '../kinds/types.ts';
import type { Loose } from '../validation/support.ts';

type Volume = NonNullable<Loose<PodSpec>['volumes']>[number];
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

interface Placed {
  readonly path: string;
  /** Whose file it is, in a volume that has many sources. */
  readonly source: string;
}

type Items = readonly { readonly path?: string }[] | undefined;

const placed = (items: Items, source = ''): Placed[] => (items ?? []).map(({ path = '' }) => ({ path, source }));

export function pathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap(({ name = '', configMap, secret, downwardAPI, projected }) => {
    const told = (what: string, overlaps: readonly string[]): string[] =>
      overlaps.map((overlap) => `volume ${goQuote(name)} (${what}): overlapping paths: ${overlap}`);
    return [
      ...told(`ConfigMap ${goQuote(configMap?.name ?? '')}`, overlapsOf(placed(configMap?.items))),
      ...told(`Secret ${goQuote(secret?.secretName ?? '')}`, overlapsOf(placed(secret?.items))),
      ...told('DownwardAPI', overlapsOf(placed(downwardAPI?.items))),
      ...(projected?.sources ?? [])
        .filter((source) => Object.keys(source).length === 0)
        .map(() => `volume ${goQuote(name)} (Projected) has no sources provided`),
      ...told('Projected', overlapsOf((projected?.sources ?? []).flatMap(filesOf))),
    ];
  });
}

/** What a source of a projected volume writes, as far as the pod says it. */
function filesOf({ configMap, secret, downwardAPI, serviceAccountToken: token }: Projection): Placed[] {
  if (configMap?.items !== undefined) return placed(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`);
  if (secret?.items !== undefined) return placed(secret.items, `Secret ${goQuote(secret.name ?? '')}`);
  if (downwardAPI?.items !== undefined) return placed(downwardAPI.items, 'DownwardAPI');
  return token === undefined ? [] : placed([token], 'ServiceAccountToken');
}

const shown = ({ path, source }: Placed): string => (source === '' ? goQuote(path) : `${goQuote(path)} (${source})`);

/** More files than these nobody reads warnings of, and each is held against all before it. */
const maxFiles = 250;

function overlapsOf(files: readonly Placed[]): string[] {
  const before: Placed[] = [];
  const overlaps: string[] = [];
  for (const { path, source } of files.slice(0, maxFiles)) {
    const file = { path: path.replace(/\/+$/, ''), source };
    if (file.path === '') continue;
    for (const other of before)
      if (overlap(file.path, other.path)) overlaps.push(`${shown(file)} with ${shown(other)}`);
    before.push(file);
  }
  return overlaps;
}

/** One is the other, or a folder of it. */
const overlap = (one: string, other: string): boolean =>
  `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
