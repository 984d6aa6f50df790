/** EndpointSlice and Endpoints. */
import {
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkPortNumber,
  checkQualifiedName,
} from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Endpoint, EndpointSlice, Endpoints, SliceEndpointPort } from '../kinds/types.ts';
import { ipFamily, ipMessage } from './ip.ts';
import { addLabels } from './metadata.ts';
import { addNonSpecialIP } from './services.ts';
import { addChanged, addEach, addUnsupported, type Faults, type Loose } from './support.ts';

const maxEndpoints = 1000;
const maxPorts = 20_000;
const maxAddresses = 100;
const maxTopologyLabels = 16;
const maxZoneHints = 8;
const protocols = ['SCTP', 'TCP', 'UDP'];

export function addEndpointSlice(faults: Faults, slice: Loose<EndpointSlice>): void {
  addUnsupported(faults, 'addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6']);
  const { endpoints = [], ports = [] } = slice;
  if (endpoints.length > maxEndpoints) {
    faults.push(field.tooMany('endpoints', endpoints.length, maxEndpoints));
  } else {
    for (const [index, endpoint] of endpoints.entries()) {
      addEndpoint(faults, endpoint, slice.addressType, `endpoints[${index}]`);
    }
  }
  addPorts(faults, ports);
}

function addEndpoint(faults: Faults, endpoint: Loose<Endpoint>, type: string | undefined, path: string): void {
  const { addresses = [], hostname, nodeName } = endpoint;
  if (addresses.length === 0) {
    faults.push(field.required(`${path}.addresses`, 'must contain at least 1 address'));
  } else if (addresses.length > maxAddresses) {
    faults.push(field.tooMany(`${path}.addresses`, addresses.length, maxAddresses));
  }
  for (const [index, address] of addresses.entries()) {
    const at = `${path}.addresses[${index}]`;
    if (type === 'FQDN') addDomainName(faults, address, at);
    if (type !== 'IPv4' && type !== 'IPv6') continue;
    if (`IPv${ipFamily(address)}` !== type) faults.push(field.invalid(at, address, `must be a valid ${type} address`));
    addNonSpecialIP(faults, address, at);
  }
  if (nodeName !== undefined) addEach(faults, `${path}.nodeName`, nodeName, checkDns1123Subdomain(nodeName));
  const topology = Object.keys(endpoint.deprecatedTopology ?? {}).length;
  if (topology > maxTopologyLabels) {
    faults.push(field.tooMany(`${path}.deprecatedTopology`, topology, maxTopologyLabels));
  }
  addLabels(faults, endpoint.deprecatedTopology, `${path}.deprecatedTopology`);
  if (hostname !== undefined) addEach(faults, `${path}.hostname`, hostname, checkDns1123Label(hostname));
  addZoneHints(faults, endpoint.hints?.forZones ?? [], `${path}.hints.forZones`);
}

/** A name of two labels or more; a dot may end it. */
function addDomainName(faults: Faults, address: string, path: string): void {
  const name = address.replace(/\.$/, '');
  const messages = checkDns1123Subdomain(name);
  if (address === '') faults.push(field.required(path));
  else if (messages.length > 0) faults.push(field.invalid(path, name, messages.join(',')));
  else if (!name.includes('.')) {
    const why = 'should be a domain with at least two segments separated by dots';
    faults.push(field.invalid(path, name, why));
  }
}

function addZoneHints(faults: Faults, zones: readonly { name?: string }[], path: string): void {
  if (zones.length > maxZoneHints) return void faults.push(field.tooMany(path, zones.length, maxZoneHints));
  const names = zones.map(({ name = '' }) => name);
  for (const [index, name] of names.entries()) {
    const at = `${path}[${index}].name`;
    if (names.indexOf(name) < index) faults.push(field.duplicate(at, name));
    addEach(faults, at, name, checkLabelValue(name));
  }
}

function addPorts(faults: Faults, ports: Loose<SliceEndpointPort[]>): void {
  if (ports.length > maxPorts) return void faults.push(field.tooMany('ports', ports.length, maxPorts));
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `ports[${index}]`;
    const { name = '', appProtocol } = port;
    if (name !== '') addEach(faults, `${at}.name`, name, checkDns1123Label(name));
    if (names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
    addUnsupported(faults, `${at}.protocol`, port.protocol, protocols);
    if (appProtocol !== undefined) addEach(faults, `${at}.appProtocol`, appProtocol, checkQualifiedName(appProtocol));
  }
}

export function addEndpointSliceUpdate(
  faults: Faults,
  next: Loose<EndpointSlice>,
  previous: Loose<EndpointSlice>,
): void {
  addChanged(faults, 'addressType', next.addressType, previous.addressType);
}

export function addEndpoints(faults: Faults, { subsets = [] }: Loose<Endpoints>): void {
  for (const [index, subset] of subsets.entries()) {
    const at = `subsets[${index}]`;
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    if (addresses.length + notReadyAddresses.length === 0) {
      faults.push(field.required(at, 'must specify `addresses` or `notReadyAddresses`'));
    }
    for (const [place, { ip = '', hostname = '', nodeName }] of [...addresses, ...notReadyAddresses].entries()) {
      const isReady = place < addresses.length;
      const where = isReady ? `addresses[${place}]` : `notReadyAddresses[${place - addresses.length}]`;
      if (ipFamily(ip) === undefined) faults.push(field.invalid(`${at}.${where}.ip`, ip, ipMessage));
      if (hostname !== '') addEach(faults, `${at}.${where}.hostname`, hostname, checkDns1123Label(hostname));
      if (nodeName !== undefined) addEach(faults, `${at}.${where}.nodeName`, nodeName, checkDns1123Subdomain(nodeName));
      addNonSpecialIP(faults, ip, `${at}.${where}.ip`);
    }
    for (const [place, port] of ports.entries()) {
      const where = `${at}.ports[${place}]`;
      const { name = '' } = port;
      if (name === '' && ports.length > 1) faults.push(field.required(`${where}.name`));
      else if (name !== '') addEach(faults, `${where}.name`, name, checkDns1123Label(name));
      addEach(faults, `${where}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0));
      addUnsupported(faults, `${where}.protocol`, port.protocol, protocols);
      const { appProtocol } = port;
      if (appProtocol !== undefined)
        addEach(faults, `${where}.appProtocol`, appProtocol, checkQualifiedName(appProtocol));
    }
  }
}
