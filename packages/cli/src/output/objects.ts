/** Tables of objects as text. Pure. */
import type { ServedKind, Table } from '@skiff/client';
import { labelOf } from '../objects/kinds.ts';

export interface TableStyle {
  readonly wide: boolean;
  /** A column of its own in front. */
  readonly withNamespace: boolean;
  /** Names as `pod/web`: needed where several kinds are shown. */
  readonly withKind: ServedKind | undefined;
  /** A column of its own at the end. */
  readonly withLabels: boolean;
}

const shownColumns = ({ columnDefinitions }: Table, wide: boolean) =>
  columnDefinitions
    .map(({ name, priority }, index) => ({ name, priority, index }))
    .filter(({ priority }) => wide || priority === 0);

export function headerOf(table: Table, { wide, withNamespace, withLabels }: TableStyle): string[] {
  const names = shownColumns(table, wide).map(({ name }) => name.toUpperCase());
  return [...(withNamespace ? ['NAMESPACE'] : []), ...names, ...(withLabels ? ['LABELS'] : [])];
}

export function rowsOf(table: Table, { wide, withNamespace, withKind, withLabels }: TableStyle): string[][] {
  const shown = shownColumns(table, wide);
  return table.rows.map(({ cells, object }) => {
    const texts = shown.map(({ name, index }) => {
      const text = cellText(cells[index]);
      return withKind !== undefined && name.toLowerCase() === 'name' ? `${labelOf(withKind)}/${text}` : text;
    });
    return [
      ...(withNamespace ? [object?.metadata.namespace ?? ''] : []),
      ...texts,
      ...(withLabels ? [labelsText(object?.metadata.labels ?? {})] : []),
    ];
  });
}

const labelsText = (labels: Readonly<Record<string, string>>): string =>
  Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key]}`)
    .join(',') || '<none>';

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined || cell === '' ? '<none>' : String(cell);
