/** Tables of objects as text. Pure. */
import type { ServedKind, Table } from '@skiff/client';
import { labelOf } from '../objects/kinds.ts';

export interface TableStyle {
  readonly wide: boolean;
  /** A column of its own in front. */
  readonly withNamespace: boolean;
  /** Names as `pod/web`: needed where several kinds are shown. */
  readonly withKind: ServedKind | undefined;
}

const shownColumns = ({ columnDefinitions }: Table, wide: boolean) =>
  columnDefinitions
    .map(({ name, priority }, index) => ({ name, priority, index }))
    .filter(({ priority }) => wide || priority === 0);

export function headerOf(table: Table, { wide, withNamespace }: TableStyle): string[] {
  const names = shownColumns(table, wide).map(({ name }) => name.toUpperCase());
  return withNamespace ? ['NAMESPACE', ...names] : names;
}

export function rowsOf(table: Table, { wide, withNamespace, withKind }: TableStyle): string[][] {
  const shown = shownColumns(table, wide);
  return table.rows.map(({ cells, object }) => {
    const texts = shown.map(({ name, index }) => {
      const text = cellText(cells[index]);
      return withKind !== undefined && name.toLowerCase() === 'name' ? `${labelOf(withKind)}/${text}` : text;
    });
    return withNamespace ? [object?.metadata.namespace ?? '', ...texts] : texts;
  });
}

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined || cell === '' ? '<none>' : String(cell);
