/** What a Service takes from the cluster: a ClusterIP and node ports. Taken before it is stored, given back after. */
import { type ApiError, type Clock, field, internal, invalid, type JsonObject, type Random } from '@skiff/api';
import { childObject, listAt, numberAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { Store } from '../../storage/contract.ts';
import type { GiveBack, WriteHook } from '../env.ts';
import { nameOf, namespaceOf } from '../meta.ts';
import { hasClusterIP, hasHealthCheckPort, hasNodePorts } from '../strategies/services.ts';
import { type AddressRange, addressText, canonicalAddress, contains, parseRange } from './addresses.ts';
import { settleFamilies } from './families.ts';
import { createMarkers, type Markers } from './markers.ts';
import { candidates } from './pick.ts';

export interface NodePortRange {
  readonly first: number;
  readonly last: number;
}
export const defaultNodePorts: NodePortRange = { first: 30_000, last: 32_767 };

export interface ServiceHookOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly serviceCIDR: string;
  readonly nodePorts: NodePortRange;
}

/** One request's takings, so that a failed write can give all of them back. */
interface Taking {
  readonly service: JsonObject;
  readonly owner: string;
  readonly dryRun: boolean;
  readonly undo: GiveBack[];
}

export const ownerOf = (service: JsonObject): string => `${namespaceOf(service)}/${nameOf(service)}`;

/** The ClusterIPs a service has, without `None`. */
export const addressesOf = (service: JsonObject): readonly string[] =>
  hasClusterIP(service)
    ? listAt(service, 'spec', 'clusterIPs')
        .filter((each) => typeof each === 'string' && each !== 'None' && each !== '')
        .map(String)
    : [];

/** The node ports a service has, its health check port included. */
export const portsOf = (service: JsonObject): readonly number[] => [
  ...new Set(
    [
      ...objectsAt(service, 'spec', 'ports').map((port) => numberAt(port, 'nodePort') ?? 0),
      numberAt(service, 'spec', 'healthCheckNodePort') ?? 0,
    ].filter((port) => port > 0),
  ),
];

export function createServiceHook(options: ServiceHookOptions): WriteHook {
  const range = parseRange(options.serviceCIDR);
  const addresses = createMarkers(options.store, options.clock, 'serviceips');
  const ports = createMarkers(options.store, options.clock, 'servicenodeports');
  return {
    async take(object, old, dryRun) {
      const taking: Taking = { service: object, owner: ownerOf(object), dryRun, undo: [] };
      const giveBack = async (): Promise<void> => {
        for (const undo of taking.undo) await undo();
      };
      try {
        settleFamilies(object, range.family);
        await takeAddress(taking, old, range, addresses, options.random);
        await takePorts(taking, old, options, ports);
      } catch (error) {
        await giveBack();
        throw error;
      }
      return giveBack;
    },
    async settle(object, old) {
      const owner = ownerOf(old);
      const keptAddresses = object === undefined ? [] : addressesOf(object);
      const keptPorts = object === undefined ? [] : portsOf(object);
      for (const each of addressesOf(old)) if (!keptAddresses.includes(each)) await addresses.release(each, owner);
      for (const each of portsOf(old)) if (!keptPorts.includes(each)) await ports.release(String(each), owner);
    },
  };
}

async function takeOne(taking: Taking, markers: Markers, value: string): Promise<boolean> {
  if (taking.dryRun) return !(await markers.isTaken(value));
  if (!(await markers.take(value, taking.owner))) return false;
  taking.undo.push(() => markers.release(value, taking.owner));
  return true;
}

async function takeAddress(
  taking: Taking,
  old: JsonObject | undefined,
  range: AddressRange,
  markers: Markers,
  random: Random,
): Promise<void> {
  const { service } = taking;
  if (!hasClusterIP(service)) return;
  const spec = childObject(service, 'spec');
  const asked = textAt(spec, 'clusterIP') || String(listAt(spec, 'clusterIPs')[0] ?? '');
  if (asked === 'None') {
    put(spec, 'clusterIP', 'None');
    if (own(spec, 'clusterIPs') === undefined) put(spec, 'clusterIPs', ['None']);
    return;
  }
  if (old !== undefined && addressesOf(old).includes(asked)) return;
  const address =
    asked === '' ? await takeAnyAddress(taking, range, markers, random) : await takeThis(taking, range, markers, asked);
  put(spec, 'clusterIP', address);
  put(spec, 'clusterIPs', [address]);
}

async function takeAnyAddress(taking: Taking, range: AddressRange, markers: Markers, random: Random): Promise<string> {
  const pick = { first: range.first, last: range.last, preferredFirst: range.dynamicFirst };
  for (const candidate of candidates(pick, random)) {
    const address = addressText(range, candidate);
    if (await takeOne(taking, markers, address)) return address;
  }
  throw internal(new Error('failed to allocate a serviceIP: range is full'));
}

async function takeThis(taking: Taking, range: AddressRange, markers: Markers, asked: string): Promise<string> {
  const address = canonicalAddress(asked);
  const refused = (why: string): ApiError =>
    invalid({ group: '', kind: 'Service' }, nameOf(taking.service), [
      field.invalid('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`),
    ]);
  if (address === undefined || !contains(range, asked)) {
    throw refused(`the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${range.cidr}`);
  }
  if (!(await takeOne(taking, markers, address))) throw refused('provided IP is already allocated');
  return address;
}

async function takePorts(
  taking: Taking,
  old: JsonObject | undefined,
  options: ServiceHookOptions,
  markers: Markers,
): Promise<void> {
  const { service } = taking;
  const kept = new Set(old === undefined ? [] : portsOf(old));
  const spec = childObject(service, 'spec');
  const list = objectsAt(spec, 'ports');
  // Asked-for ports first, so that a chosen one never takes theirs.
  for (const [index, port] of list.entries()) {
    const asked = numberAt(port, 'nodePort') ?? 0;
    if (asked === 0 || kept.has(asked)) continue;
    await takeThisPort(taking, options, markers, { path: `spec.ports[${index}].nodePort`, asked });
    kept.add(asked);
  }
  if (hasNodePorts(service)) await choosePorts(taking, options, markers, list);
  if (hasHealthCheckPort(service)) {
    const asked = numberAt(spec, 'healthCheckNodePort') ?? 0;
    if (asked === 0) put(spec, 'healthCheckNodePort', await takeAnyPort(taking, options, markers));
    else if (!kept.has(asked)) {
      await takeThisPort(taking, options, markers, { path: 'spec.healthCheckNodePort', asked });
    }
  }
}

/** A port that is served over two protocols gets one node port for both. */
async function choosePorts(
  taking: Taking,
  options: ServiceHookOptions,
  markers: Markers,
  list: readonly JsonObject[],
): Promise<void> {
  for (const port of list) {
    if ((numberAt(port, 'nodePort') ?? 0) !== 0) continue;
    const twin = list.find(
      (other) =>
        other !== port &&
        numberAt(other, 'port') === numberAt(port, 'port') &&
        textAt(other, 'protocol') !== textAt(port, 'protocol') &&
        (numberAt(other, 'nodePort') ?? 0) !== 0,
    );
    put(port, 'nodePort', numberAt(twin, 'nodePort') ?? (await takeAnyPort(taking, options, markers)));
  }
}

async function takeThisPort(
  taking: Taking,
  options: ServiceHookOptions,
  markers: Markers,
  port: { path: string; asked: number },
): Promise<void> {
  const { first, last } = options.nodePorts;
  const refused = (why: string): ApiError =>
    invalid({ group: '', kind: 'Service' }, nameOf(taking.service), [field.invalid(port.path, port.asked, why)]);
  if (port.asked < first || port.asked > last) {
    throw refused(`provided port is not in the valid range. The range of valid ports is ${first}-${last}`);
  }
  if (!(await takeOne(taking, markers, String(port.asked)))) throw refused('provided port is already allocated');
}

async function takeAnyPort(taking: Taking, options: ServiceHookOptions, markers: Markers): Promise<number> {
  const { first, last } = options.nodePorts;
  const pick = { first: BigInt(first), last: BigInt(last), preferredFirst: BigInt(first) };
  const mine = new Set(portsOf(taking.service));
  for (const candidate of candidates(pick, options.random)) {
    if (!mine.has(Number(candidate)) && (await takeOne(taking, markers, String(candidate)))) return Number(candidate);
  }
  throw internal(new Error('failed to allocate a nodePort: range is full'));
}
