/** Lease, PriorityClass and RuntimeClass. */
import { goPointer, goStruct } from '../algebra/go-text.ts';
import { checkDns1123Label } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Lease, PriorityClass, RuntimeClass, Toleration } from '../kinds/types.ts';
import { addLabels } from './metadata.ts';
import { addResources } from './pod/resources.ts';
import { addTolerations } from './pod/scheduling.ts';
import { addChanged, addEach, addUnsupported, type Faults, type Loose, positiveMessage, repeatsOf } from './support.ts';

export function addLease(faults: Faults, { spec = {} }: Loose<Lease>): void {
  const { leaseDurationSeconds, leaseTransitions } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    faults.push(field.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, positiveMessage));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    faults.push(field.invalid('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
  }
  if ((spec.preferredHolder ?? '') !== '' && (spec.strategy ?? '') === '') {
    faults.push(field.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  }
}

/** Above this are the classes the system brings itself. */
const highestUserPriority = 1_000_000_000;
const systemClasses: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

function systemClassFault(name: string, value: number, isDefault: boolean): string | undefined {
  const wanted = systemClasses.get(name);
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function addPriorityClass(faults: Faults, one: Loose<PriorityClass>): void {
  const name = one.metadata?.name ?? '';
  const { value = 0 } = one;
  if (name.startsWith('system-')) {
    const why = systemClassFault(name, value, one.globalDefault === true);
    if (why !== undefined) {
      const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`;
      faults.push(field.forbidden('metadata.name', detail));
    }
  } else if (value > highestUserPriority) {
    const why = `maximum allowed value of a user defined priority is ${highestUserPriority}`;
    faults.push(field.forbidden('value', why));
  }
  addUnsupported(faults, 'preemptionPolicy', one.preemptionPolicy, ['Never', 'PreemptLowerPriority']);
}

export function addPriorityClassUpdate(
  faults: Faults,
  next: Loose<PriorityClass>,
  previous: Loose<PriorityClass>,
): void {
  if ((next.value ?? 0) !== (previous.value ?? 0)) {
    faults.push(field.forbidden('value', 'may not be changed in an update.'));
  }
  addChanged(faults, 'preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy);
}

export function addRuntimeClass(faults: Faults, one: Loose<RuntimeClass>): void {
  const handler = one.handler ?? '';
  addEach(faults, 'handler', handler, checkDns1123Label(handler));
  const { overhead, scheduling } = one;
  if (overhead !== undefined) {
    addResources(faults, overhead.podFixed === undefined ? {} : { limits: overhead.podFixed }, 'overhead');
  }
  if (scheduling === undefined) return;
  addLabels(faults, scheduling.nodeSelector, 'scheduling.nodeSelector');
  addTolerations(faults, scheduling.tolerations, 'scheduling.tolerations');
  addRepeatedTolerations(faults, scheduling.tolerations ?? []);
}

/** Pods of the class get each of them once. */
function addRepeatedTolerations(faults: Faults, tolerations: Loose<Toleration[]>): void {
  const ids = tolerations.map(({ key = '', operator = '', value = '', effect = '' }) =>
    JSON.stringify([key, operator, value, effect]),
  );
  for (const index of repeatsOf(ids)) {
    const { key, operator, value, effect, tolerationSeconds } = tolerations[index] ?? {};
    const shown = goStruct('core.Toleration', {
      ...{ Key: key, Operator: operator, Value: value, Effect: effect },
      TolerationSeconds: goPointer('int64', tolerationSeconds),
    });
    faults.push(field.duplicate(`scheduling.tolerations[${index}]`, shown));
  }
}

export function addRuntimeClassUpdate(faults: Faults, next: Loose<RuntimeClass>, previous: Loose<RuntimeClass>): void {
  addChanged(faults, 'handler', next.handler, previous.handler);
}
