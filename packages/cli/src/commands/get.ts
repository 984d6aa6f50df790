import { type ApiObject, isReason, type Json } from '@skiff/api';
import type { ServedKind, SkiffClient, Table } from '@skiff/client';
import type { Command } from 'commander';
import { readArguments } from '../objects/arguments.ts';
import { createCatalogue } from '../objects/catalogue.ts';
import { labelOf } from '../objects/kinds.ts';
import { type Asked, askedFor } from '../objects/selection.ts';
import { documentText, withoutManagedFields } from '../output/documents.ts';
import { reportFailure } from '../output/failure.ts';
import { headerOf, rowsOf, type TableStyle } from '../output/objects.ts';
import { formatTable } from '../output/table.ts';
import { type ClientOptions, withClient, withSession } from './client-options.ts';

interface GetOptions extends ClientOptions {
  readonly allNamespaces: boolean;
  readonly selector: string;
  readonly fieldSelector: string;
  readonly output?: string;
  readonly watch: boolean;
  readonly showLabels: boolean;
  readonly ignoreNotFound: boolean;
}

const formats = ['json', 'yaml', 'name', 'wide'];
/** These have an expression behind them. */
const templates = ['jsonpath', 'custom-columns'];

export function register(program: Command): void {
  withClient(
    program
      .command('get')
      .description('show objects of any kind that the server knows, custom ones too')
      .argument('<type>', 'kind, plural or short name; several behind commas; or TYPE/NAME')
      .argument('[name...]', 'names of objects, or more of TYPE/NAME'),
  )
    .option('-A, --all-namespaces', 'of every namespace', false)
    .option('-l, --selector <selector>', 'only objects with these labels', '')
    .option('--field-selector <selector>', 'only objects with these fields', '')
    .option('-o, --output <format>', `${formats.join(', ')}, jsonpath=TEMPLATE or custom-columns=NAME:PATH,...`)
    .option('--show-labels', 'a column with the labels', false)
    .option('--ignore-not-found', 'an absent object is no error', false)
    .option('-w, --watch', 'go on and show each change', false)
    .action(runGet);
}

async function runGet(type: string, names: string[], options: GetOptions): Promise<void> {
  const { output = '' } = options;
  const template = templateOf(output);
  if (template === undefined && output !== '' && !formats.includes(output))
    throw new Error(
      `unable to match a printer suitable for the output format "${output}", allowed formats are: ${[...templates, ...formats].sort().join(',')}`,
    );
  if (template !== undefined && options.watch) throw new Error(`--watch does not go with -o ${template.format}`);
  const meant = readArguments('get', [type, ...names]);
  await withSession(options, async ({ client, namespace }) => {
    const asked = await askedFor(createCatalogue(client), meant, { ...options, namespace });
    if (options.watch) {
      const { watchAsked } = await import('./get-watch.ts');
      await watchAsked(client, asked, { ...options, output });
    } else if (output === '' || output === 'wide') {
      await showTables(client, asked, { ...options, output });
    } else {
      await showDocuments(client, asked, options, template ?? output);
    }
  });
}

interface Template {
  readonly format: string;
  readonly expression: string;
}

/** `jsonpath={.kind}`; undefined for a format without an expression. */
function templateOf(output: string): Template | undefined {
  const [format = '', ...rest] = output.split('=');
  return templates.includes(format) && rest.length > 0 ? { format, expression: rest.join('=') } : undefined;
}

/** What was found, in order; what was not is reported when all else is shown. */
async function each<T>(
  asked: readonly Asked[],
  ignoreNotFound: boolean,
  read: (one: Asked) => Promise<T>,
): Promise<[Found<T>[], () => void]> {
  const all = await Promise.allSettled(asked.map(async (one) => ({ asked: one, value: await read(one) })));
  const results = all.filter(
    (one) => one.status === 'fulfilled' || !ignoreNotFound || !isReason(one.reason, 'NotFound'),
  );
  const found = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const report = (): void => {
    for (const one of results) if (one.status === 'rejected') reportFailure(one.reason);
  };
  return [found, report];
}

interface Found<T> {
  readonly asked: Asked;
  readonly value: T;
}

async function showTables(
  client: SkiffClient,
  asked: readonly Asked[],
  { output, allNamespaces, showLabels, ignoreNotFound }: GetOptions,
): Promise<void> {
  const [found, report] = await each(asked, ignoreNotFound, ({ kind, name, ...query }) =>
    client.table(kind, { ...query, ...(name === undefined ? {} : { name }) }),
  );
  const filled = byKind(found).filter(({ tables }) => tables.some(({ rows }) => rows.length > 0));
  const several = new Set(asked.map(({ kind }) => kind)).size > 1;
  const texts = filled.map(({ kind, tables }) => {
    const style: TableStyle = {
      ...{ wide: output === 'wide', withNamespace: allNamespaces && kind.namespaced, withLabels: showLabels },
      withKind: several ? kind : undefined,
    };
    const [first] = tables;
    return first === undefined
      ? ''
      : formatTable(
          headerOf(first, style),
          tables.flatMap((table) => rowsOf(table, style)),
        );
  });
  process.stdout.write(texts.join('\n'));
  if (texts.length === 0 && found.length === asked.length && !ignoreNotFound) process.stderr.write(emptyMessage(asked));
  report();
}

/** Tables of one kind that follow each other are one. */
function byKind(found: readonly Found<Table>[]): { kind: ServedKind; tables: Table[] }[] {
  const groups: { kind: ServedKind; tables: Table[] }[] = [];
  for (const { asked, value } of found) {
    const last = groups.at(-1);
    if (last?.kind === asked.kind) last.tables.push(value);
    else groups.push({ kind: asked.kind, tables: [value] });
  }
  return groups;
}

function emptyMessage(asked: readonly Asked[]): string {
  const namespaces = new Set(asked.map(({ namespace }) => namespace));
  const [only = ''] = namespaces;
  return namespaces.size > 1 || only === '' ? 'No resources found\n' : `No resources found in ${only} namespace.\n`;
}

async function showDocuments(
  client: SkiffClient,
  asked: readonly Asked[],
  { ignoreNotFound }: GetOptions,
  output: string | Template,
): Promise<void> {
  const [found, report] = await each(
    asked,
    ignoreNotFound,
    ({ kind, namespace, name, labelSelector, fieldSelector }) => {
      const resource = client.resource(kind);
      return name === undefined
        ? resource.list({ namespace, labelSelector, fieldSelector }).then(({ items }) => items)
        : resource.get(namespace, name).then((item) => [item]);
    },
  );
  if (output === 'name') {
    for (const { asked: one, value } of found)
      for (const item of value) process.stdout.write(`${labelOf(one.kind)}/${item.metadata.name}\n`);
  } else {
    const items = found.flatMap(({ value }) => value.map(withoutManagedFields));
    const [only] = items;
    const single = asked.length === 1 && asked[0]?.name !== undefined;
    if (!single || only !== undefined) {
      const document = single && only !== undefined ? only : listOf(items);
      process.stdout.write(
        typeof output === 'string' ? await documentText(document, output) : await templateText(output, document, items),
      );
    }
  }
  report();
}

async function templateText(template: Template, document: object, items: readonly ApiObject[]): Promise<string> {
  const { customColumns, jsonPathTemplate } = await import('../output/templates.ts');
  if (template.format === 'jsonpath') return jsonPathTemplate(template.expression)(document as Json);
  const columns = customColumns(template.expression);
  return formatTable(
    columns.header,
    items.map((item) => columns.row(item as unknown as Json)),
  );
}

const listOf = (items: readonly ApiObject[]): object => ({
  ...{ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' } },
  items,
});
