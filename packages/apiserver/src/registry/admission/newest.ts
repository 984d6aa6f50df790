/** The order in which one of several defaults is chosen. */
import type { JsonObject } from '@skiff/api';
import { textAt } from '../../patch/values.ts';
import { nameOf } from '../meta.ts';

/** By age, the youngest first; equally old ones by name. */
export function newestFirst(a: JsonObject, b: JsonObject): number {
  const [left, right] = [textAt(a, 'metadata', 'creationTimestamp'), textAt(b, 'metadata', 'creationTimestamp')];
  if (left !== right) return left > right ? -1 : 1;
  return nameOf(a) < nameOf(b) ? -1 : 1;
}
