/** What a CRD's status says of it (apiextensions' naming, establishing, structural and approval controllers): pure. */
import { type FieldError, formatTime } from '@skiff/api';
import { same } from '../../patch/values.ts';
import { structuralFaults } from '../schema/structural.ts';
import { approvalCondition } from './approval.ts';
import { judgeNames, type TakenNames } from './names.ts';
import { type Condition, type Crd, conditionOf, isTrue, type Names } from './types.ts';

export interface Verdict {
  readonly acceptedNames: Names;
  readonly conditions: readonly Condition[];
  /** The kinds of the CRD are served. */
  readonly established: boolean;
  /** The status says something else than what is stored. */
  readonly changed: boolean;
}

/** The status that a CRD should have, given the names of the others in its group. */
export function judge(crd: Crd, taken: TakenNames, nowMs: number): Verdict {
  const { accepted, condition: names } = judgeNames(crd, taken);
  const established = isTrue(crd, 'Established') || names.status === 'True';
  let conditions = crd.status?.conditions ?? [];
  for (const condition of [names, establishedCondition(crd, established), approvalCondition(crd)]) {
    if (condition !== undefined) conditions = withCondition(conditions, condition, nowMs);
  }
  const structural = structuralCondition(crd);
  conditions =
    structural === undefined
      ? conditions.filter((each) => each.type !== 'NonStructuralSchema')
      : withCondition(conditions, structural, nowMs);
  const changed =
    !same(conditions as never, (crd.status?.conditions ?? []) as never) ||
    !same(accepted as never, (crd.status?.acceptedNames ?? {}) as never);
  return { acceptedNames: accepted, conditions, established, changed };
}

/** Once established, always established: its objects exist. */
function establishedCondition(crd: Crd, established: boolean): Condition | undefined {
  if (isTrue(crd, 'Established')) return conditionOf(crd, 'Established');
  const type = 'Established';
  return established
    ? { type, status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
    : { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** Only objects of old, or written past the door, can have such schemas: new ones are refused. */
function structuralCondition(crd: Crd): Condition | undefined {
  const { versions = [], preserveUnknownFields } = crd.spec ?? {};
  const texts: string[] = [];
  if (preserveUnknownFields === true) texts.push('spec.preserveUnknownFields: Invalid value: true: must be false');
  for (const [index, version] of versions.entries()) {
    const schema = version.schema?.openAPIV3Schema;
    if (schema === undefined) continue;
    const faults = structuralFaults(schema, `spec.versions[${index}].schema.openAPIV3Schema`);
    texts.push(...faults.map((fault: FieldError) => `${fault.field}: ${fault.message}`));
  }
  if (texts.length === 0) return undefined;
  const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message };
}

/** The conditions with `next` in the place of the one of its type; the time moves when the status does. */
export function withCondition(conditions: readonly Condition[], next: Condition, nowMs: number): readonly Condition[] {
  const before = conditions.find((each) => each.type === next.type);
  const kept = before?.status === next.status ? before?.lastTransitionTime : undefined;
  const lastTransitionTime = kept ?? formatTime(nowMs);
  const made: Condition = {
    ...(next.message === undefined ? {} : { message: next.message }),
    ...(next.reason === undefined ? {} : { reason: next.reason }),
    ...(next.status === undefined ? {} : { status: next.status }),
    ...(next.type === undefined ? {} : { type: next.type }),
    lastTransitionTime,
  };
  if (before === undefined) return [...conditions, made];
  return conditions.map((each) => (each === before ? made : each));
}
