/** Which fields of a pod may change, by itself and through the ephemeralcontainers subresource. */
import { goMap } from '../../algebra/go-text.ts';
import { deepEqual } from '../../algebra/hash.ts';
import { rangeMessage } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type {
  Container,
  EphemeralContainer,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';
import { addPodAnnotationsUpdate, mirror } from './annotations.ts';
import { addPod } from './pod.ts';
import { addTolerations } from './scheduling.ts';

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
  addPodAnnotationsUpdate(faults, next, previous);
  for (const kind of ['containers', 'initContainers'] as const) {
    const [now, before] = [spec[kind] ?? [], old[kind] ?? []];
    if (now.length !== before.length) {
      return void faults.push(field.forbidden(`spec.${kind}`, 'pod updates may not add or remove containers'));
    }
  }
  if (!addDeadlineUpdate(faults, spec.activeDeadlineSeconds, old.activeDeadlineSeconds)) return;
  addTolerationsUpdate(faults, spec.tolerations ?? [], old.tolerations ?? []);
  addGatesUpdate(faults, spec, old);
  const allowed: Loose<PodSpec> = {
    ...spec,
    ...withImagesOf(spec, old),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
    ...graceUpdate(spec, old),
    ...((old.schedulingGates ?? []).length > 0 ? narrowed(faults, spec, old) : {}),
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

/** Answers false when nothing else is to be looked at. */
function addDeadlineUpdate(faults: Faults, now: number | undefined, before: number | undefined): boolean {
  const path = 'spec.activeDeadlineSeconds';
  const count = faults.length;
  if (now === undefined) {
    if (before !== undefined) {
      faults.push(field.invalid(path, null, 'must not update from a positive integer to nil value'));
    }
    return true;
  }
  if (now < 0 || now > 2147483647) faults.push(field.invalid(path, now, rangeMessage(0, 2147483647)));
  else if (before !== undefined && before < now) {
    faults.push(field.invalid(path, now, 'must be less than or equal to previous value'));
  }
  return faults.length === count;
}

function addTolerationsUpdate(faults: Faults, now: Loose<Toleration[]>, before: Loose<Toleration[]>): void {
  const plain = ({ key, operator, value, effect }: Loose<Toleration>) => JSON.stringify([key, operator, value, effect]);
  const kept = new Set(now.map(plain));
  if (!before.every((old) => kept.has(plain(old)))) {
    const why = 'existing toleration can not be modified except its tolerationSeconds';
    faults.push(field.forbidden('spec.tolerations', why));
  } else addTolerations(faults, now, 'spec.tolerations');
}

function addGatesUpdate(faults: Faults, spec: Loose<PodSpec>, old: Loose<PodSpec>): void {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (before.has(name)) continue;
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    faults.push(field.forbidden(`spec.schedulingGates[${index}].name`, why));
  }
}

/** While a pod is gated, the nodes it asks for may become fewer. Answers the two fields as they were. */
function narrowed(faults: Faults, spec: Loose<PodSpec>, old: Loose<PodSpec>): Loose<PodSpec> {
  const selector = spec.nodeSelector ?? {};
  const isKept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => selector[key] === value);
  if (!isKept) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    faults.push(field.invalid('spec.nodeSelector', goMap('string', spec.nodeSelector), why));
  }
  addNodeAffinityUpdate(faults, spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity);
  const { nodeAffinity: _, ...affinity } = spec.affinity ?? {};
  const kept = { ...affinity, ...(old.affinity?.nodeAffinity && { nodeAffinity: old.affinity.nodeAffinity }) };
  const wasNothing = old.affinity === undefined && Object.keys(kept).length === 0;
  return { nodeSelector: old.nodeSelector, affinity: wasNothing ? undefined : kept };
}

function addNodeAffinityUpdate(
  faults: Faults,
  now: Loose<NodeAffinity> | undefined,
  before: Loose<NodeAffinity> | undefined,
): void {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const path = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
  const [terms, old] = [now, before].map((affinity) => affinity?.[required]?.nodeSelectorTerms ?? []);
  if (terms === undefined || old === undefined || old.length === 0) return;
  if (terms.length !== old.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return void faults.push(field.invalid(path, terms, why));
  }
  for (const [index, term] of terms.entries()) {
    if (onlyAdds(term, old[index] ?? {})) continue;
    const why = 'only additions are allowed (no mutations or deletions)';
    faults.push(field.invalid(`${path}[${index}]`, term, why));
  }
}

/** What is added to a term narrows it; but an empty term means no node, and would be widened. */
function onlyAdds(now: Loose<NodeSelectorTerm>, before: Loose<NodeSelectorTerm>): boolean {
  const lists = (['matchExpressions', 'matchFields'] as const).map(
    (key) => [now[key] ?? [], before[key] ?? []] as const,
  );
  if (lists.every(([, old]) => old.length === 0)) return lists.every(([added]) => added.length === 0);
  return lists.every(([list, old]) => deepEqual(list.slice(0, old.length), old));
}

/** The ephemeralcontainers subresource only adds. */
export function addEphemeralUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  if (previous.metadata?.annotations?.[mirror] !== undefined) {
    return void faults.push(field.forbidden('[]', 'static pods do not support ephemeral containers'));
  }
  addPod(faults, next);
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
