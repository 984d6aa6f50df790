/** Pods: what a new one must be, and which of its fields may change. */
import { deepEqual } from '../../algebra/hash.ts';
import { rangeMessage } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { Container, EphemeralContainer, Pod, PodSpec, Toleration } from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';
import { addTolerations } from './scheduling.ts';
import { addPodSpec } from './spec.ts';

export function addPod(faults: Faults, pod: Loose<Pod>): void {
  const spec = pod.spec ?? {};
  addPodSpec(faults, spec, 'spec');
  for (const [kind, containers] of containerLists(spec)) {
    for (const [index, { image = '' }] of containers.entries()) {
      if (image.trim() !== image) {
        const why = 'must not have leading or trailing whitespace';
        faults.push(field.invalid(`spec.${kind}[${index}].image`, image, why));
      }
    }
  }
}

const containerLists = (spec: Loose<PodSpec>): [string, Loose<Container>[]][] => [
  ['containers', spec.containers ?? []],
  ['initContainers', spec.initContainers ?? []],
];

/** New pods have no ephemeral containers: those come through their own subresource. */
export function addNewPod(faults: Faults, pod: Loose<Pod>): void {
  addPod(faults, pod);
  if ((pod.spec?.ephemeralContainers ?? []).length > 0) {
    faults.push(field.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
}

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** Images, the deadline and further tolerations may change; a gated pod may also lose gates and be narrowed. */
export function addPodUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  const spec = next.spec ?? {};
  const old = previous.spec ?? {};
  for (const kind of ['containers', 'initContainers'] as const) {
    const [now, before] = [spec[kind] ?? [], old[kind] ?? []];
    if (now.length !== before.length) {
      return void faults.push(field.forbidden(`spec.${kind}`, 'pod updates may not add or remove containers'));
    }
    for (const [index, { image = '' }] of now.entries()) {
      const at = `spec.${kind}[${index}].image`;
      if (image === '') faults.push(field.required(at));
      else if (image.trim() !== image) {
        faults.push(field.invalid(at, image, 'must not have leading or trailing whitespace'));
      }
    }
  }
  addDeadlineUpdate(faults, spec.activeDeadlineSeconds, old.activeDeadlineSeconds);
  addTolerationsUpdate(faults, spec.tolerations ?? [], old.tolerations ?? []);
  const wasGated = (old.schedulingGates ?? []).length > 0;
  addGatesUpdate(faults, spec, old);
  const allowed: Loose<PodSpec> = {
    ...spec,
    ...withImagesOf(spec, old),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...(wasGated ? { nodeSelector: old.nodeSelector, affinity: old.affinity } : {}),
    ...graceUpdate(spec, old),
  };
  if (!deepEqual(allowed, old)) {
    const parts = changedParts(allowed, old).join(', ');
    faults.push(
      field.forbidden('spec', `pod updates may not change fields other than ${changeable}\nchanged: ${parts}\n`),
    );
  }
}

/** A negative grace period, which old servers let through, may be mended. */
function graceUpdate(spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const isMended = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1;
  return isMended ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {};
}

function withImagesOf(spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const swap = (now: Loose<Container[]> | undefined, before: Loose<Container[]> | undefined) =>
    now?.map((container, index) => ({ ...container, image: before?.[index]?.image }));
  return {
    containers: swap(spec.containers, old.containers),
    initContainers: swap(spec.initContainers, old.initContainers),
  };
}

/** The fields of a spec that differ, as paths. */
function changedParts(now: Loose<PodSpec>, before: Loose<PodSpec>): string[] {
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]) as Set<keyof PodSpec>;
  return [...keys].filter((key) => !deepEqual(now[key], before[key])).map((key) => `spec.${key}`);
}

function addDeadlineUpdate(faults: Faults, now: number | undefined, before: number | undefined): void {
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (before !== undefined) {
      faults.push(field.invalid(path, null, 'must not update from a positive integer to nil value'));
    }
  } else if (now < 0 || now > 2147483647) faults.push(field.invalid(path, now, rangeMessage(0, 2147483647)));
  else if (before !== undefined && before < now) {
    faults.push(field.invalid(path, now, 'must be less than or equal to previous value'));
  }
}

function addTolerationsUpdate(faults: Faults, now: Loose<Toleration[]>, before: Loose<Toleration[]>): void {
  const plain = ({ tolerationSeconds: _, ...rest }: Loose<Toleration>) => rest;
  const isKept = before.every((old) => now.some((one) => deepEqual(plain(one), plain(old))));
  if (!isKept) {
    const why = 'existing toleration can not be modified except its tolerationSeconds';
    faults.push(field.forbidden('spec.tolerations', why));
  } else addTolerations(faults, now, 'spec.tolerations');
}

function addGatesUpdate(faults: Faults, spec: Loose<PodSpec>, old: Loose<PodSpec>): void {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  for (const { name } of spec.schedulingGates ?? []) {
    if (before.has(name)) continue;
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    faults.push(field.forbidden('spec.schedulingGates', why));
  }
}

/** The ephemeralcontainers subresource only adds. */
export function addEphemeralUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  addPodSpec(faults, next.spec ?? {}, 'spec');
  const byName = new Map<string | undefined, Loose<EphemeralContainer>>(
    (next.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]),
  );
  for (const old of previous.spec?.ephemeralContainers ?? []) {
    const now = byName.get(old.name);
    const name = JSON.stringify(old.name);
    const path = 'spec.ephemeralContainers';
    if (now === undefined) {
      faults.push(field.forbidden(path, `existing ephemeral containers ${name} may not be removed\n`));
    } else if (!deepEqual(now, old)) {
      faults.push(field.forbidden(path, `existing ephemeral containers ${name} may not be changed\n`));
    }
  }
}

/** The status subresource: a pod that has a node does not change it, and what ended stays ended. */
export function addPodStatusUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  if (next.spec?.nodeName !== previous.spec?.nodeName) {
    faults.push(field.forbidden('status.nodeName', 'may not be changed directly'));
  }
  const policy = previous.spec?.restartPolicy;
  if (policy === 'Always') return;
  for (const kind of ['containerStatuses'] as const) {
    for (const [index, old] of (previous.status?.[kind] ?? []).entries()) {
      const ended = old.state?.terminated;
      if (ended === undefined || (policy === 'OnFailure' && ended.exitCode !== 0)) continue;
      const now = next.status?.[kind]?.find((one) => one.name === old.name);
      if (now !== undefined && now.state?.terminated === undefined) {
        const why = 'may not be transitioned to non-terminated state';
        faults.push(field.forbidden(`status.${kind}[${index}].state`, why));
      }
    }
  }
}
