/** What is checked before an object is stored, in one place for every path that stores one. */
import { type ApiError, type FieldError, invalid, type JsonObject } from '@skiff/api';
import { warningsOf } from '@skiff/api/validation';
import type { RequestContext } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { nameOf } from './meta.ts';

function refuse(kind: Kind, object: JsonObject, faults: readonly FieldError[]): ApiError | undefined {
  return faults.length === 0 ? undefined : invalid(kind.definition, nameOf(object), faults);
}

/** Throws Invalid with every fault of a new object; gives its warnings to the client. */
export async function checkNew(context: RequestContext, kind: Kind, object: JsonObject): Promise<void> {
  const refusal = refuse(kind, object, [
    ...((await kind.check?.(object, undefined, '')) ?? []),
    ...(kind.strategy.validate?.(object) ?? []),
    ...((await kind.strategy.validateNew?.(object)) ?? []),
  ]);
  if (refusal !== undefined) throw refusal;
  for (const text of kind.strategy.warnings?.(object) ?? []) context.warn(text);
  for (const text of warningsOf(kind.definition, object)) context.warn(text);
}

/** Throws Invalid with every fault of a changed object, and of the change; gives its warnings to the client. */
export async function checkChanged(
  context: RequestContext,
  kind: Kind,
  object: JsonObject,
  old: JsonObject,
  subresource: string,
): Promise<void> {
  const refusal = refuse(kind, object, [
    ...((await kind.check?.(object, old, subresource)) ?? []),
    ...(kind.strategy.validate?.(object) ?? []),
    ...((await kind.strategy.validateUpdate?.(object, old, subresource)) ?? []),
  ]);
  if (refusal !== undefined) throw refusal;
  for (const text of kind.strategy.warnings?.(object) ?? []) context.warn(text);
  if (subresource === '') for (const text of warningsOf(kind.definition, object, old)) context.warn(text);
}

const advice =
  'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests';

/** Tells a client of ownerReferences that stood twice. */
export function warnDuplicateOwners(context: RequestContext, uids: readonly string[], afterAdmission: boolean): void {
  if (uids.length === 0) return;
  const when = afterAdmission ? ' after mutating admission happens' : '';
  context.warn(
    `.metadata.ownerReferences contains duplicate entries${when}; ${advice}; duplicate UID(s) observed: ${uids.join(', ')}`,
  );
}
