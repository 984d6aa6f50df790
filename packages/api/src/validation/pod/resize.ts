/** What pods/resize may change: cpu and memory of containers and sidecars (ValidatePodResize). */
import { deepEqual } from '../../algebra/hash.ts';
import { compareQuantities, tryParseQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type { Container, Pod, QuantityValue, ResourceRequirements } from '../../kinds/types.ts';
import { qosClassOf } from '../../quota/qos.ts';
import type { Faults, Loose } from '../support.ts';
import { mirror } from './annotations.ts';
import { addPod } from './pod.ts';

type ResourceMap = Readonly<Record<string, QuantityValue | undefined>>;

export function addPodResize(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  if (previous.metadata?.annotations?.[mirror] !== undefined) {
    return void faults.push(field.forbidden('[]', 'static pods cannot be resized'));
  }
  if (old.os?.name === 'windows') {
    return void faults.push(field.forbidden('[]', 'windows pods cannot be resized'));
  }
  addPod(faults, next);
  const was = previous.status?.qosClass ?? qosClassOf(previous);
  if (was !== qosClassOf(next)) {
    faults.push(field.invalid('spec', was, 'Pod QOS Class may not change as a result of resizing'));
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, before] of (old[list] ?? []).entries()) {
      const now = spec[list]?.[index];
      if (now === undefined || (list === 'initContainers' && before.restartPolicy !== 'Always')) continue;
      addContainerResize(faults, now, before, `spec.${list}[${index}].resources`);
      if (deepEqual(withoutComputing(now), withoutComputing(before))) continue;
      const whose = list === 'containers' ? '' : ' for sidecar containers';
      faults.push(field.forbidden('spec', `only cpu and memory resources${whose} are mutable`));
    }
  }
}

function withoutComputing(container: Loose<Container>): Loose<Container> {
  const rest = (map: ResourceMap | undefined): ResourceMap => {
    const { cpu: _, memory: __, ...others } = map ?? {};
    return others;
  };
  const { resources = {}, ...others } = container;
  return { ...others, resources: { limits: rest(resources.limits), requests: rest(resources.requests) } as object };
}

function addContainerResize(faults: Faults, now: Loose<Container>, before: Loose<Container>, path: string): void {
  const lists = (container: Loose<Container>): Loose<ResourceRequirements> => container.resources ?? {};
  for (const list of ['requests', 'limits'] as const) {
    const [next, old]: [ResourceMap, ResourceMap] = [lists(now)[list] ?? {}, lists(before)[list] ?? {}];
    if (Object.keys(old).some((name) => !Object.hasOwn(next, name)))
      faults.push(field.forbidden(`${path}.${list}`, `resource ${list} cannot be removed`));
  }
  const policy = now.resizePolicy?.find((one) => one.resourceName === 'memory')?.restartPolicy ?? 'NotRequired';
  const [next, old] = [lists(now).limits?.memory, lists(before).limits?.memory];
  if (policy !== 'NotRequired' || next === undefined) return;
  const [limit, oldLimit] = [tryParseQuantity(next), tryParseQuantity(old ?? '')];
  const isLess = limit !== undefined && oldLimit !== undefined && compareQuantities(limit, oldLimit) < 0;
  if (old !== undefined && !isLess) return;
  // Memory that is in use cannot be taken back from a process that runs.
  const verb = old === undefined ? 'added' : 'decreased';
  const why = `memory limits cannot be ${verb} unless resizePolicy is RestartContainer`;
  faults.push(field.forbidden(`${path}.limits[memory]`, why));
}
