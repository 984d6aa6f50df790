/** Rows as kubectl prints them: columns padded to their widest cell, three spaces between, no borders. */
export const formatTable = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  createColumns()([header, ...rows]);

/** Formats rows that come bit by bit: a column never gets narrower than it was. */
export function createColumns(): (rows: readonly (readonly string[])[]) => string {
  const widths: number[] = [];
  return (rows) => {
    for (const row of rows)
      for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    const line = (row: readonly string[]): string =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('   ')
        .trimEnd();
    return `${rows.map(line).join('\n')}\n`;
  };
}
