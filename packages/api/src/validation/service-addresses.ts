/** Addresses and address families of a Service (ValidateServiceClusterIPsRelatedFields), and how they may change. */
import { goList } from '../algebra/go-text.ts';
import { field } from '../errors.ts';
import type { ServiceSpec } from '../kinds/types.ts';
import { ipFamily, ipMessage } from './ip.ts';
import { addUnsupportedIfSet, type Faults, type Loose, repeatsOf } from './support.ts';

type Spec = Loose<ServiceSpec>;

const path = 'spec.clusterIPs';

export const isHeadlessService = ({ clusterIPs = [] }: Spec): boolean =>
  clusterIPs.length === 1 && clusterIPs[0] === 'None';

export function addClusterIPs(faults: Faults, spec: Spec): void {
  if (spec.type === 'ExternalName') return;
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec;
  const refuse = (why: string): void => void faults.push(field.invalid(path, goList('string', clusterIPs), why));
  if (clusterIP === '') {
    if (clusterIPs.length > 0) refuse('must be empty when `clusterIP` is not specified');
  } else if (clusterIPs.length === 0) faults.push(field.required(path));
  else if (clusterIPs[0] !== clusterIP) refuse('first value must match `clusterIP`');
  const repeats = repeatsOf(ipFamilies);
  for (const [index, family] of ipFamilies.entries()) {
    addUnsupportedIfSet(faults, `spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']);
    if (repeats.has(index)) faults.push(field.duplicate(`spec.ipFamilies[${index}]`, family));
  }
  addUnsupportedIfSet(faults, 'spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
    'PreferDualStack',
    'RequireDualStack',
    'SingleStack',
  ]);
  if (!addEachAddress(faults, clusterIPs, refuse)) return;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(ipFamily)).size < 2)
    refuse('may specify no more than one IP for each IP family');
  if (!isHeadlessService(spec)) addFamilies(faults, clusterIPs, ipFamilies);
}

/** Answers false when one is no address, so that no more can be said of them. */
function addEachAddress(faults: Faults, clusterIPs: readonly string[], refuse: (why: string) => void): boolean {
  let isValid = true;
  for (const [index, ip] of clusterIPs.entries()) {
    if (index === 0 && ip === 'None') {
      if (clusterIPs.length === 1) continue;
      refuse("'None' must be the first and only value");
    } else if (ipFamily(ip) === undefined) faults.push(field.invalid(`${path}[${index}]`, ip, ipMessage));
    else continue;
    isValid = false;
  }
  if (clusterIPs.length > 2) refuse('may only hold up to 2 values');
  return isValid;
}

function addFamilies(faults: Faults, clusterIPs: readonly string[], families: readonly string[]): void {
  for (const [index, ip] of clusterIPs.entries()) {
    const family = families[index];
    if (family === undefined || family === `IPv${ipFamily(ip)}`) continue;
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    faults.push(field.invalid(`${path}[${index}]`, ip, why));
  }
}

/** The second address or family may come and go; others stay, unless there were none or the type is without. */
export function addClusterIPsUpdate(faults: Faults, next: Spec, old: Spec): void {
  if (next.type === 'ExternalName' || old.type === 'ExternalName') return;
  const [isHeadless, wasHeadless] = [isHeadlessService(next), isHeadlessService(old)];
  if (!(isHeadless && wasHeadless)) addListUpdate(faults, addresses, next, old);
  if (!isHeadless && !wasHeadless) addListUpdate(faults, families, next, old);
}

interface PairedList {
  readonly name: 'clusterIPs' | 'ipFamilies';
  readonly type: string;
  readonly singular: string;
}
const addresses: PairedList = { name: 'clusterIPs', type: 'string', singular: 'clusterIP' };
const families: PairedList = { name: 'ipFamilies', type: 'core.IPFamily', singular: 'ipFamily' };

function addListUpdate(faults: Faults, { name, type, singular }: PairedList, next: Spec, old: Spec): void {
  const [now, before]: [readonly string[], readonly string[]] = [next[name] ?? [], old[name] ?? []];
  // Of lists of other lengths Kubernetes tells the addresses also where it means the families.
  const shown = now.length === before.length ? goList(type, next[name]) : goList('string', next.clusterIPs);
  const refuse = (index: number, why: string): void =>
    void faults.push(field.invalid(`spec.${name}[${index}]`, shown, why));
  if (now.length === 0 && before.length > 0) refuse(0, `primary ${singular} can not be unset`);
  const compared = now.length === before.length ? before.length : Math.min(1, before.length, now.length);
  for (let index = 0; index < compared; index += 1)
    if (now[index] !== before[index]) refuse(name === 'clusterIPs' ? index : 0, 'may not change once set');
  if (now.length !== 1 || before.length !== 2 || next.ipFamilyPolicy === 'SingleStack') return;
  const why = `must be set to 'SingleStack' when releasing the secondary ${singular}`;
  faults.push(field.invalid('spec.ipFamilyPolicy', next.ipFamilyPolicy ?? null, why));
}
