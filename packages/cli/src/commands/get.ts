import { builtinDefinitions } from '@skiff/api';
import type { Table } from '@skiff/client';
import type { Command } from 'commander';
import { findKind } from '../objects/kinds.ts';
import { formatTable } from '../output/table.ts';
import { type ClientOptions, withClient, withSession } from './client-options.ts';

interface GetOptions extends ClientOptions {
  readonly allNamespaces: boolean;
  readonly selector: string;
  readonly fieldSelector: string;
  readonly output?: string;
}

const formats = ['json', 'yaml', 'name', 'wide'];

export function registerGet(program: Command): void {
  withClient(
    program
      .command('get')
      .description('show objects')
      .argument('<type>', 'kind, plural or short name')
      .argument('[name]', 'one object’s name'),
  )
    .option('-A, --all-namespaces', 'of every namespace', false)
    .option('-l, --selector <selector>', 'only objects with these labels', '')
    .option('--field-selector <selector>', 'only objects with these fields', '')
    .option('-o, --output <format>', `one of ${formats.join(', ')}`)
    .action(runGet);
}

async function runGet(type: string, name: string | undefined, options: GetOptions): Promise<void> {
  const { output = '' } = options;
  if (output !== '' && !formats.includes(output))
    throw new Error(
      `unable to match a printer suitable for the output format "${output}", allowed formats are: ${formats.join(',')}`,
    );
  const kind = findKind(builtinDefinitions(), type);
  await withSession(options, async ({ client, namespace }) => {
    const within = options.allNamespaces || !kind.namespaced ? '' : namespace;
    const selection = { namespace: within, labelSelector: options.selector, fieldSelector: options.fieldSelector };
    if (output === '' || output === 'wide') {
      const table = await client.table(kind, { ...selection, ...(name === undefined ? {} : { name }) });
      process.stdout.write(
        table.rows.length === 0
          ? emptyMessage(within)
          : render(table, output === 'wide', options.allNamespaces && kind.namespaced),
      );
      return;
    }
    const resource = client.resource(kind);
    const items = name === undefined ? (await resource.list(selection)).items : [await resource.get(within, name)];
    const document =
      name === undefined ? { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items } : items[0];
    if (output === 'json') process.stdout.write(`${JSON.stringify(document, undefined, 4)}\n`);
    else if (output === 'yaml') process.stdout.write((await import('yaml')).stringify(document));
    else
      for (const item of items)
        process.stdout.write(
          `${kind.definition.singular}${kind.group === '' ? '' : `.${kind.group}`}/${item.metadata.name}\n`,
        );
  });
}

const emptyMessage = (namespace: string): string =>
  namespace === '' ? 'No resources found\n' : `No resources found in ${namespace} namespace.\n`;

function render(table: Table, wide: boolean, withNamespace: boolean): string {
  const shown = table.columnDefinitions
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => wide || column.priority === 0);
  const header = shown.map(({ column }) => column.name.toUpperCase());
  const rows = table.rows.map((row) => shown.map(({ index }) => cellText(row.cells[index])));
  if (!withNamespace) return formatTable(header, rows);
  return formatTable(
    ['NAMESPACE', ...header],
    rows.map((row, index) => [table.rows[index]?.object?.metadata.namespace ?? '', ...row]),
  );
}

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined || cell === '' ? '<none>' : String(cell);
