/** Groups of the Kubernetes community need its approval (KEP-1111): an annotation with the link to it. */
import { type FieldError, field } from '@skiff/api';
import type { Condition, Crd } from './types.ts';

const annotation = 'api-approved.kubernetes.io';
const path = `metadata.annotations[${annotation}]`;
const see = 'see https://github.com/kubernetes/enhancements/pull/1111';

export interface Approval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  readonly why: string;
}

/** True for groups below `k8s.io` and `kubernetes.io`. */
export const isProtectedGroup = (group: string): boolean =>
  ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));

const textOf = (crd: Crd): string => crd.metadata?.annotations?.[annotation] ?? '';

export function approvalOf(crd: Crd): Approval {
  const text = textOf(crd);
  if (text === '') {
    return { state: 'missing', why: `protected groups must have approval annotation "${annotation}", ${see}` };
  }
  if (text.startsWith('unapproved')) return { state: 'bypassed', why: `not approved: ${JSON.stringify(text)}` };
  if (URL.canParse(text) && new URL(text).host !== '') return { state: 'approved', why: `approved in ${text}` };
  const why = `protected groups must have approval annotation "${annotation}" with either a URL or a reason starting with "unapproved", ${see}`;
  return { state: 'invalid', why };
}

/** Faults of the annotation; a state that does not change is not held against an update. */
export function approvalFaults(crd: Crd, old: Crd | undefined): FieldError[] {
  if (!isProtectedGroup(crd.spec?.group ?? '')) return [];
  const { state, why } = approvalOf(crd);
  if (old !== undefined && approvalOf(old).state === state) return [];
  if (state === 'invalid') return [field.invalid(path, textOf(crd), why)];
  return state === 'missing' ? [field.required(path, why)] : [];
}

/** The condition that tells about it; undefined for groups that need none. */
export function approvalCondition(crd: Crd): Condition | undefined {
  if (!isProtectedGroup(crd.spec?.group ?? '')) return undefined;
  const { state, why } = approvalOf(crd);
  const of = (status: string, reason: string): Condition => ({
    ...{ type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message: why },
  });
  switch (state) {
    case 'missing':
      return of('False', 'MissingAnnotation');
    case 'bypassed':
      return of('False', 'UnapprovedAnnotation');
    case 'approved':
      return of('True', 'ApprovedAnnotation');
    case 'invalid':
      return of('False', 'InvalidAnnotation');
  }
}
