/** What the status of a pod may become (ValidatePodStatusUpdate). */
import { checkDns1123Subdomain, checkQualifiedName, checkUserOrGroupId } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { ContainerStatus, Pod } from '../../kinds/types.ts';
import { ipFamily, ipMessage } from '../ip.ts';
import { addEach, type Faults, type Loose, repeatsOf } from '../support.ts';
import { addPodAnnotationsUpdate } from './annotations.ts';

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/** A pod that has a node does not change it, and what ended stays ended. */
export function addPodStatusUpdate(faults: Faults, next: Loose<Pod>, previous: Loose<Pod>): void {
  addPodAnnotationsUpdate(faults, next, previous);
  const { status = {} } = next;
  for (const [index, { type = '' }] of (status.conditions ?? []).entries()) {
    // The path is Kubernetes' own.
    addEach(faults, `metadata.conditions[${index}].Type`, type, checkQualifiedName(type));
  }
  if (next.spec?.nodeName !== previous.spec?.nodeName) {
    faults.push(field.forbidden('status.nodeName', 'may not be changed directly'));
  }
  const { nominatedNodeName = '' } = status;
  if (nominatedNodeName !== '' && nominatedNodeName !== previous.status?.nominatedNodeName)
    addEach(faults, 'status.nominatedNodeName', nominatedNodeName, checkDns1123Subdomain(nominatedNodeName));
  for (const list of statusLists) addEnded(faults, list, next, previous);
  addClaimStatuses(faults, next);
  addAddresses(faults, status.podIPs, 'status.podIPs');
  const [first] = status.hostIPs ?? [];
  if (first !== undefined && first.ip !== status.hostIP)
    faults.push(field.invalid('status.hostIPs[0].ip', first.ip ?? '', 'must be equal to `hostIP`'));
  addAddresses(faults, status.hostIPs, 'status.hostIPs');
  for (const list of statusLists) addUsers(faults, status[list], `status.${list}`);
}

function addEnded(faults: Faults, list: (typeof statusLists)[number], next: Loose<Pod>, previous: Loose<Pod>): void {
  // Nobody restarts an ephemeral container.
  const policy = list === 'ephemeralContainerStatuses' ? 'Never' : previous.spec?.restartPolicy;
  if (policy === 'Always') return;
  for (const [index, old] of (previous.status?.[list] ?? []).entries()) {
    const ended = old.state?.terminated;
    if (ended === undefined || (policy === 'OnFailure' && (ended.exitCode ?? 0) !== 0)) continue;
    const container = previous.spec?.initContainers?.find((one) => one.name === old.name);
    if (list === 'initContainerStatuses' && container?.restartPolicy === 'Always') continue;
    const now = next.status?.[list]?.find((one) => one.name === old.name);
    if (now === undefined || now.state?.terminated !== undefined) continue;
    faults.push(field.forbidden(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state'));
  }
}

function addClaimStatuses(faults: Faults, { spec, status }: Loose<Pod>): void {
  const known = new Set((spec?.resourceClaims ?? []).map((claim) => claim.name));
  const seen = new Set<string>();
  for (const [index, { name = '', resourceClaimName }] of (status?.resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${index}].name`;
    if (!known.has(name))
      faults.push(field.invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) faults.push(field.duplicate(at, name));
    seen.add(name);
    if (resourceClaimName !== undefined)
      addEach(faults, at, resourceClaimName, checkDns1123Subdomain(resourceClaimName));
  }
}

/** At most one of each family. */
function addAddresses(faults: Faults, addresses: Loose<{ ip: string }[]> | undefined, path: string): void {
  const ips = (addresses ?? []).map(({ ip = '' }) => ip);
  for (const [index, ip] of ips.entries()) {
    if (ipFamily(ip) === undefined) faults.push(field.invalid(`${path}[${index}]`, ip, ipMessage));
  }
  const families = new Set(ips.map(ipFamily));
  if (ips.length > 1 && (ips.length > 2 || families.size < 2))
    faults.push(field.invalid(path, addresses, 'may specify no more than one IP for each IP family'));
  for (const index of repeatsOf(ips)) faults.push(field.duplicate(`${path}[${index}]`, ips[index]));
}

function addUsers(faults: Faults, statuses: Loose<ContainerStatus[]> | undefined, path: string): void {
  for (const [index, { user }] of (statuses ?? []).entries()) {
    const { uid, gid, supplementalGroups = [] } = user?.linux ?? {};
    const at = `${path}[${index}].linux`;
    const add = (id: number | undefined, where: string): void =>
      void (id !== undefined && addEach(faults, where, id, checkUserOrGroupId(id)));
    add(uid, `${at}.uid`);
    add(gid, `${at}.gid`);
    for (const [place, group] of supplementalGroups.entries()) add(group, `${at}.supplementalGroups[${place}]`);
  }
}
