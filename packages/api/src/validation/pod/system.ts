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

/** In the order in which Kubernetes looks at them; of these without a slash the spec itself is the holder. */
const notOfWindowsPods = [
  ...['/appArmorProfile', '/seLinuxOptions', 'hostUsers', 'hostPID', 'hostIPC', '/seccompProfile', '/fsGroup'],
  ...['/fsGroupChangePolicy', '/sysctls', 'shareProcessNamespace', '/runAsUser', '/runAsGroup', '/supplementalGroups'],
  ...['/supplementalGroupsPolicy', '/seLinuxChangePolicy'],
];
/** False is what these are when nobody says anything. */
const flags = ['hostPID', 'hostIPC'];
const notOfWindowsContainers = [
  ...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'],
  ...['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'],
];

export function addSystem(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  if (spec.os === undefined) return;
  const { name = '' } = spec.os;
  if (name === '') faults.push(field.required(`${path}.os.name`, 'cannot be empty'));
  else if (name === 'linux') addOthers(faults, spec, ['/windowsOptions'], ['windowsOptions'], linuxMessage, path);
  else if (name === 'windows') {
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
  const refuse = (at: string): void => void faults.push(field.forbidden(`${path}.${at}`, message));
  const [given, context] = [new Map(Object.entries(spec)), new Set(Object.keys(spec.securityContext ?? {}))];
  for (const name of ofPod) {
    if (name.startsWith('/')) {
      if (context.has(name.slice(1))) refuse(`securityContext.${name.slice(1)}`);
    } else if (given.has(name) && !(flags.includes(name) && given.get(name) === false)) refuse(name);
  }
  for (const [container, at] of containersOf(spec, '')) {
    const names = new Set(Object.keys(container.securityContext ?? {}));
    for (const name of ofContainers) if (names.has(name)) refuse(`${at.slice(1)}.securityContext.${name}`);
  }
}
