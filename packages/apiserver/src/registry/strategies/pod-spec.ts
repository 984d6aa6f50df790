/** What every pod spec, alone or in a template, is brought to. */
import type { JsonObject } from '@skiff/api';
import { put, textAt } from '../../patch/values.ts';

/** `serviceAccount` is the old name of `serviceAccountName`; both are always shown. */
export function normalisePodSpec(spec: JsonObject | undefined): void {
  if (spec === undefined) return;
  const name = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  if (name === '') return;
  put(spec, 'serviceAccountName', name);
  put(spec, 'serviceAccount', name);
}
