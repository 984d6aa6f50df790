/** Collections as tables: what `kubectl get` prints of them. */
import type { ApiObject } from '@skiff/api';
import { type GetRequest, type ListRequest, type ObjectList, services, type Target } from '@skiff/api/wire';
import type { ResourceOf, WatchOptions } from '../contract.ts';
import { type CallContext, unary } from './calls.ts';
import { watchBatches } from './resources.ts';

/** A meta.k8s.io/v1 Table, as far as it is printed. */
export interface Table {
  readonly metadata: { readonly resourceVersion?: string };
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object?: ApiObject }[];
}

export interface TableEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Of one row. */
  readonly table: Table;
}

export interface TableQuery {
  readonly namespace?: string;
  /** The one object that is asked for. */
  readonly name?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A list of everything may take long. */
const timeoutMs = 60_000;

function targetOf({ group, version, resource }: ResourceOf<ApiObject>, namespace = '', name = ''): Target {
  return { group, version, resource, namespace, name, subresource: '' };
}

export async function readTable(
  context: CallContext,
  resource: ResourceOf<ApiObject>,
  query: TableQuery,
): Promise<Table> {
  const target = targetOf(resource, query.namespace, query.name);
  const accept = 'ENCODING_TABLE';
  if (query.name !== undefined) {
    const request: Partial<GetRequest> = { target, accept };
    const { json } = await unary<{ json: string }>(context, services.Resources, 'Get', request, { timeoutMs });
    return JSON.parse(json) as Table;
  }
  const { labelSelector = '', fieldSelector = '' } = query;
  const request: Partial<ListRequest> = { target, labelSelector, fieldSelector, accept };
  const { items } = await unary<ObjectList>(context, services.Resources, 'List', request, { timeoutMs });
  return JSON.parse(items[0] ?? '') as Table;
}

const types = { EVENT_TYPE_ADDED: 'ADDED', EVENT_TYPE_MODIFIED: 'MODIFIED', EVENT_TYPE_DELETED: 'DELETED' } as const;

export async function* watchTable(
  context: CallContext,
  resource: ResourceOf<ApiObject>,
  options: WatchOptions,
): AsyncIterable<TableEvent> {
  const target = targetOf(resource, options.namespace);
  for await (const { events } of watchBatches(context, target, options, 'ENCODING_TABLE')) {
    for (const { type, json } of events) {
      if (type in types) yield { type: types[type as keyof typeof types], table: JSON.parse(json) as Table };
    }
  }
}
