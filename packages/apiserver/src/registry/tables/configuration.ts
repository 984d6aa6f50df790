/** Rows of config maps, secrets, service accounts and quotas. */
import type { JsonObject } from '@skiff/api';
import { listAt, objectAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, nameColumn, text } from './columns.ts';

const sizeOf = (object: JsonObject, key: string): number => Object.keys(objectAt(object, key) ?? {}).length;

export const configMapColumns: readonly Column[] = [
  nameColumn,
  text('Data', 'Number of entries.', (object) => sizeOf(object, 'data') + sizeOf(object, 'binaryData')),
  ageColumn,
];

export const secretColumns: readonly Column[] = [
  nameColumn,
  text('Type', 'What the data is for.', (object) => textAt(object, 'type')),
  text('Data', 'Number of entries.', (object) => sizeOf(object, 'data')),
  ageColumn,
];

export const serviceAccountColumns: readonly Column[] = [
  nameColumn,
  text('Secrets', 'Number of secrets that pods of the account may use.', (object) => listAt(object, 'secrets').length),
  ageColumn,
];

/** `cpu: 1/2, memory: 1Gi/4Gi`: used of hard, for names that do or do not start with `limits.`. */
function quotaText(object: JsonObject, limits: boolean): string {
  const hard = objectAt(object, 'status', 'hard') ?? {};
  const used = objectAt(object, 'status', 'used') ?? {};
  return Object.keys(hard)
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${own(used, name) ?? 0}/${own(hard, name)}`)
    .join(', ');
}

export const resourceQuotaColumns: readonly Column[] = [
  nameColumn,
  text('Request', 'Request represents a minimum amount of cpu/memory that a container may consume.', (object) =>
    quotaText(object, false),
  ),
  text(
    'Limit',
    'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    (object) => quotaText(object, true),
  ),
  ageColumn,
];
