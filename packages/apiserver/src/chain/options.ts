/**
 * What options may say, whichever door they came through. Rules and texts are those of apimachinery's validation of
 * ListOptions, DeleteOptions, CreateOptions, UpdateOptions and PatchOptions (v1.32).
 */
import { type ApiError, type FieldError, field, invalid } from '@skiff/api';
import type { DeleteOptions, ListOptions, PatchType, WatchOptions, WriteOptions } from '../registry/contract.ts';

const metaGroup = 'meta.k8s.io';
const maxFieldManagerBytes = 128;

const refuse = (kind: string, faults: readonly FieldError[]): ApiError | undefined =>
  faults.length === 0 ? undefined : invalid({ group: metaGroup, kind }, '', faults);

/** Faults of a list's options; `sendInitialEvents` is what the caller sent of a watch-only option. */
export function listOptionsFault(options: ListOptions, sendInitialEvents: boolean | undefined): ApiError | undefined {
  const faults: FieldError[] = [];
  const at = 'resourceVersionMatch';
  const match = options.resourceVersionMatch;
  if (match !== '') {
    if (options.resourceVersion === '')
      faults.push(field.forbidden(at, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continue !== '')
      faults.push(field.forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      faults.push(field.notSupported(at, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.resourceVersion === '0')
      faults.push(field.forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined)
    faults.push(field.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return refuse('ListOptions', faults);
}

/** Faults of a watch's options. `continueToken` is what the caller sent of a list-only option. */
export function watchOptionsFault(options: WatchOptions, continueToken: string): ApiError | undefined {
  const faults: FieldError[] = [];
  const at = 'resourceVersionMatch';
  const match = options.resourceVersionMatch;
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan')
    faults.push(field.forbidden(at, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (match !== '') {
    if (options.sendInitialEvents === undefined)
      faults.push(
        field.forbidden(at, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      );
    if (match !== 'NotOlderThan') faults.push(field.notSupported(at, match, ['NotOlderThan']));
  }
  // A watch from what exists now is one with initial events to Kubernetes, which then looks at its match.
  const isFromNow = options.sendInitialEvents === undefined && ['', '0'].includes(options.resourceVersion);
  if (continueToken !== '' && (match !== '' || isFromNow))
    faults.push(field.forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
  return refuse('ListOptions', faults);
}

/** What a delete may carry before it is known to be sound. */
export interface RawDeleteOptions {
  readonly dryRun: readonly string[];
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** Sound delete options. Throws ApiError Invalid. */
export function checkDeleteOptions(raw: RawDeleteOptions): DeleteOptions {
  const faults: FieldError[] = [];
  const policy = raw.propagationPolicy;
  if (policy !== undefined && raw.orphanDependents !== undefined)
    faults.push(
      field.invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  if (policy !== undefined && !isPropagationPolicy(policy))
    faults.push(field.notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  faults.push(...dryRunFaults(raw.dryRun));
  const refusal = refuse('DeleteOptions', faults);
  if (refusal !== undefined) throw refusal;
  const old = raw.orphanDependents === undefined ? undefined : raw.orphanDependents ? 'Orphan' : 'Background';
  return {
    dryRun: raw.dryRun.length > 0,
    gracePeriodSeconds: raw.gracePeriodSeconds,
    propagationPolicy: policy !== undefined && isPropagationPolicy(policy) ? policy : old,
    ...(raw.orphanDependents === undefined ? {} : { orphanDependents: raw.orphanDependents }),
    preconditions: { uid: raw.uid, resourceVersion: raw.resourceVersion },
  };
}

const isPropagationPolicy = (text: string): text is 'Orphan' | 'Background' | 'Foreground' =>
  text === 'Orphan' || text === 'Background' || text === 'Foreground';

/** What a write may carry before it is known to be sound. */
export interface RawWriteOptions {
  readonly dryRun: readonly string[];
  readonly fieldManager: string;
  readonly fieldValidation: string;
}

export type WriteKind =
  | { readonly kind: 'CreateOptions' | 'UpdateOptions' }
  | { readonly kind: 'PatchOptions'; readonly patch: PatchType; readonly force: boolean | undefined };

/** Sound write options. Throws ApiError Invalid. */
export function checkWriteOptions(raw: RawWriteOptions, write: WriteKind): WriteOptions {
  const faults: FieldError[] = [];
  if (write.kind === 'PatchOptions') {
    if (write.patch !== 'apply' && write.force !== undefined)
      faults.push(field.forbidden('force', 'may not be specified for non-apply patch'));
    if (write.patch === 'apply' && raw.fieldManager === '')
      faults.push(field.required('fieldManager', 'is required for apply patch'));
  }
  faults.push(...fieldManagerFaults(raw.fieldManager), ...dryRunFaults(raw.dryRun));
  const validation = raw.fieldValidation;
  if (!isFieldValidation(validation))
    faults.push(field.notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']));
  const refusal = refuse(write.kind, faults);
  if (refusal !== undefined) throw refusal;
  return {
    dryRun: raw.dryRun.length > 0,
    fieldManager: raw.fieldManager,
    fieldValidation: isFieldValidation(validation) ? validation : '',
  };
}

const isFieldValidation = (text: string): text is WriteOptions['fieldValidation'] =>
  text === '' || text === 'Ignore' || text === 'Warn' || text === 'Strict';

function dryRunFaults(dryRun: readonly string[]): FieldError[] {
  return dryRun.every((value) => value === 'All') ? [] : [field.notSupported('dryRun', dryRun, ['All'])];
}

const plain = /^[ -~]*$/;

function fieldManagerFaults(manager: string): FieldError[] {
  if (manager.length <= maxFieldManagerBytes && plain.test(manager)) return [];
  const faults: FieldError[] = [];
  if (Buffer.byteLength(manager) > maxFieldManagerBytes)
    faults.push(field.tooLong('fieldManager', maxFieldManagerBytes));
  for (const { 0: character, index } of manager.matchAll(/[\p{C}\p{Z}]/gu)) {
    if (character === ' ') continue;
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    const at = Buffer.byteLength(manager.slice(0, index));
    faults.push(field.invalid('fieldManager', manager, `invalid character U+${code} (at position ${at})`));
  }
  return faults;
}
