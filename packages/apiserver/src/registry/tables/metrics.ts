/** Rows of metrics.k8s.io: what metrics-server shows. */
import { formatQuantity, type JsonObject, tryParseQuantity } from '@skiff/api';
import { objectsAt, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { nameColumn, text } from './columns.ts';

/** A pod uses what its containers use together. */
function total(object: JsonObject, resource: string): string {
  const containers = objectsAt(object, 'containers');
  const texts = containers.length === 0 ? [textAt(object, 'usage', resource)] : [];
  const all = [...texts, ...containers.map((container) => textAt(container, 'usage', resource))].map(tryParseQuantity);
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI';
  return formatQuantity({ nano: all.reduce((sum, one) => sum + (one?.nano ?? 0n), 0n), format });
}

export const metricsColumns: readonly Column[] = [
  nameColumn,
  text('cpu', 'How much of the CPU was used, as a rate over the window.', (object) => total(object, 'cpu')),
  text('memory', 'The memory that is in use: the working set.', (object) => total(object, 'memory')),
  text('Window', 'How long the interval is that was measured.', (object) => textAt(object, 'window')),
];
