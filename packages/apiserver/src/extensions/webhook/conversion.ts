import type { Kind } from '../../registry/definition-table.ts';
import type { Crd } from '../crd/types.ts';

export function webhookConverter(_crd: Crd): NonNullable<Kind['convert']> {
  return async (objects) => objects;
}
