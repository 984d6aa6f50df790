/** Server-side tables and metadata-only answers (meta.k8s.io): how `kubectl get` prints kinds that it does not know. */
import { apiVersionOf, type JsonObject } from '@skiff/api';
import type { Column, ListAnswer } from '../registry/contract.ts';
import { listMetaText } from './encode.ts';
import type { Transform } from './negotiate.ts';

export interface TableOptions {
  readonly version: Transform['version'];
  readonly columns: readonly Column[];
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly nowMs: number;
}

const metaApiVersion = (version: string): string => apiVersionOf({ group: 'meta.k8s.io', version });

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;

/** The object's metadata alone, as a PartialObjectMetadata document. */
export function partialText(text: string, version: Transform['version']): string {
  return JSON.stringify({
    kind: 'PartialObjectMetadata',
    apiVersion: metaApiVersion(version),
    metadata: parse(text).metadata ?? {},
  });
}

/** A list of metadata alone: the head's kind, for `listTexts`. */
export const partialListHead = (version: Transform['version']): { apiVersion: string; kind: string } => ({
  apiVersion: metaApiVersion(version),
  kind: 'PartialObjectMetadataList',
});

function columnsText(columns: readonly Column[]): string {
  return JSON.stringify(
    columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format: format ?? '',
      description,
      priority,
    })),
  );
}

function rowText(text: string, options: TableOptions): string {
  const object = parse(text);
  const cells = JSON.stringify(options.columns.map((column) => column.cell(object, options.nowMs)));
  if (options.includeObject === 'None') return `{"cells":${cells}}`;
  if (options.includeObject === 'Object') return `{"cells":${cells},"object":${text}}`;
  const partial = JSON.stringify({
    kind: 'PartialObjectMetadata',
    apiVersion: metaApiVersion(options.version),
    metadata: object.metadata ?? {},
  });
  return `{"cells":${cells},"object":${partial}}`;
}

/** A Table document in pieces. Without `headers` the column definitions are left out, as in the later events of a watch. */
export function* tableTexts(
  list: Pick<ListAnswer, 'resourceVersion' | 'continue' | 'remainingItemCount'>,
  items: Iterable<string>,
  options: TableOptions,
  headers = true,
): Generator<string> {
  const columns = headers ? columnsText(options.columns) : 'null';
  const head = `{"kind":"Table","apiVersion":"${metaApiVersion(options.version)}","metadata":${listMetaText(list)}`;
  yield `${head},"columnDefinitions":${columns},"rows":[`;
  let first = true;
  for (const item of items) {
    yield `${first ? '' : ','}${rowText(item, options)}`;
    first = false;
  }
  yield ']}\n';
}

/** One object as a table of one row. */
export function tableOfOne(text: string, options: TableOptions, headers = true): string {
  const metadata = parse(text).metadata;
  const version =
    typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
      ? metadata.resourceVersion
      : undefined;
  const list = {
    resourceVersion: typeof version === 'string' ? version : '',
    continue: '',
    remainingItemCount: undefined,
  };
  return [...tableTexts(list, [text], options, headers)].join('').trimEnd();
}
