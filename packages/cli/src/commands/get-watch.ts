/** `skiff get -w`: what is there, then each change, until the server ends the watch. */
import type { ApiObject } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { labelOf } from '../objects/kinds.ts';
import type { Asked } from '../objects/selection.ts';
import { documentText, withoutManagedFields } from '../output/documents.ts';
import { headerOf, rowsOf, type TableStyle } from '../output/objects.ts';
import { createColumns } from '../output/table.ts';

interface WatchStyle {
  readonly output: string;
  readonly allNamespaces: boolean;
  readonly showLabels: boolean;
}

export async function watchAsked(client: SkiffClient, asked: readonly Asked[], style: WatchStyle): Promise<void> {
  const [one, ...more] = asked;
  if (one === undefined || more.length > 0) throw new Error('you may only specify a single resource type');
  const { kind, namespace, name, labelSelector } = one;
  // An object that is not there is an error and no empty watch.
  if (name !== undefined) await client.resource(kind).get(namespace, name);
  const fieldSelector = name === undefined ? one.fieldSelector : `metadata.name=${name}`;
  const query = { namespace, labelSelector, fieldSelector };
  await (style.output === '' || style.output === 'wide' ? watchRows : watchObjects)(client, one, query, style);
}

type Query = Pick<Asked, 'namespace' | 'labelSelector' | 'fieldSelector'>;

/** Never aborts: the command ends with its process. */
const { signal } = new AbortController();

async function watchRows(
  client: SkiffClient,
  { kind }: Asked,
  query: Query,
  { output, allNamespaces, showLabels }: WatchStyle,
): Promise<void> {
  const style: TableStyle = {
    ...{ wide: output === 'wide', withNamespace: allNamespaces && kind.namespaced },
    withKind: undefined,
    withLabels: showLabels,
  };
  const columns = createColumns();
  const first = await client.table(kind, query);
  let hasHeader = false;
  const show = (table: typeof first): void => {
    if (table.rows.length === 0) return;
    process.stdout.write(columns([...(hasHeader ? [] : [headerOf(table, style)]), ...rowsOf(table, style)]));
    hasHeader = true;
  };
  show(first);
  const { resourceVersion = '' } = first.metadata;
  for await (const { table } of client.watchTable(kind, { ...query, resourceVersion, signal })) show(table);
}

async function watchObjects(client: SkiffClient, { kind }: Asked, query: Query, { output }: WatchStyle): Promise<void> {
  const show = async (object: ApiObject): Promise<void> => {
    const text =
      output === 'name'
        ? `${labelOf(kind)}/${object.metadata.name}\n`
        : await documentText(withoutManagedFields(object), output);
    process.stdout.write(output === 'yaml' ? `---\n${text}` : text);
  };
  const resource = client.resource(kind);
  const { items, resourceVersion } = await resource.list(query);
  for (const item of items) await show(item);
  for await (const events of resource.watch({ ...query, resourceVersion, signal }))
    for (const event of events) if (event.type !== 'BOOKMARK') await show(event.object);
}
