/** What a pod may say depends on the operating system it is for (validateOS, validateLinux, validateWindows). */
import { field } from '../../errors.ts';
import type { Container, EphemeralContainer, PodSpec } from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';

type AnyContainer = Loose<Container> | Loose<EphemeralContainer>;

/** Every container of a pod with its path, in the order in which Kubernetes visits them. */
export function containersOf(spec: Loose<PodSpec>, path: string): readonly (readonly [AnyContainer, string])[] {
  const found: (readonly [AnyContainer, string])[] = [];
  const add = (containers: readonly AnyContainer[] | undefined, list: string): void =>
    containers?.forEach((container, index) => {
      found.push([container, `${path}.${list}[${index}]`]);
    });
  add(spec.initContainers, 'initContainers');
  add(spec.containers, 'containers');
  add(spec.ephemeralContainers, 'ephemeralContainers');
  return found;
}

const notOfWindowsPods = [
  ...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'runAsUser'],
  ...['runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'],
];
const notOfWindowsSpecs = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const notOfWindowsContainers = [
  ...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'],
  ...['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'],
];

export function addSystem(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  if (spec.os === undefined) return;
  const { name = '' } = spec.os;
  if (name === '') faults.push(field.required(`${path}.os.name`, 'cannot be empty'));
  else if (name === 'linux') addOthers(faults, spec, ['windowsOptions'], ['windowsOptions'], linuxMessage, path);
  else if (name === 'windows') {
    for (const key of notOfWindowsSpecs)
      if (spec[key] !== undefined) faults.push(field.forbidden(`${path}.${key}`, windowsMessage));
    addOthers(faults, spec, notOfWindowsPods, notOfWindowsContainers, windowsMessage, path);
  } else faults.push(field.notSupported(`${path}.os`, name, ['linux', 'windows']));
}

const linuxMessage = 'windows options cannot be set for a linux pod';
const windowsMessage = 'cannot be set for a windows pod';

function addOthers(
  faults: Faults,
  spec: Loose<PodSpec>,
  ofPod: readonly string[],
  ofContainers: readonly string[],
  message: string,
  path: string,
): void {
  const add = (context: object | undefined, names: readonly string[], at: string): void => {
    const given = new Set(Object.keys(context ?? {}));
    for (const name of names) {
      if (given.has(name)) faults.push(field.forbidden(`${at}.securityContext.${name}`, message));
    }
  };
  add(spec.securityContext, ofPod, path);
  for (const [container, at] of containersOf(spec, path)) add(container.securityContext, ofContainers, at);
}
