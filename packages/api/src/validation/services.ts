/** Service (pkg/apis/core/validation, ValidateService). */

import { GoText, goList, goStruct } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Label, checkDns1123Subdomain, checkPortNumber, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Service, ServicePort, ServiceSpec } from '../kinds/types.ts';
import { cidrMessage, ipFamily, ipMessage, isCidr } from './ip.ts';
import { addLabels } from './metadata.ts';
import { addEach, addPort, addUnsupported, addUnsupportedIfSet, type Faults, type Loose } from './support.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const maxAffinitySeconds = 86_400;

export function addService(faults: Faults, { spec = {} }: Loose<Service>): void {
  const { type, ports = [] } = spec;
  const isHeadless = spec.clusterIP === 'None';
  if (ports.length === 0 && !isHeadless && type !== 'ExternalName') faults.push(field.required('spec.ports'));
  addByType(faults, spec, isHeadless);
  addUnsupported(faults, 'spec.type', type, types);
  addPorts(faults, ports, type);
  addLabels(faults, spec.selector, 'spec.selector');
  addAffinity(faults, spec);
  addClusterIPs(faults, spec);
  addTraffic(faults, spec);
  addLoadBalancer(faults, spec);
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    if (ipFamily(ip) === undefined) faults.push(field.invalid(at, ip, ipMessage));
    else addNonSpecialIP(faults, ip, at);
  }
}

/** No address of the host itself, or of everybody. */
export function addNonSpecialIP(faults: Faults, ip: string, path: string): void {
  if (/^0\.0\.0\.0$|^::$/.test(ip)) {
    faults.push(field.invalid(path, ip, `may not be unspecified (${ip})`));
  }
  if (/^127\.|^::1$/.test(ip)) {
    faults.push(field.invalid(path, ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  }
  if (/^169\.254\.|^fe[89ab]/i.test(ip)) {
    faults.push(field.invalid(path, ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  }
  if (/^224\.0\.0\.|^ff02:/i.test(ip)) {
    faults.push(field.invalid(path, ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
  }
}

function addByType(faults: Faults, spec: Loose<ServiceSpec>, isHeadless: boolean): void {
  if (spec.type === 'LoadBalancer' && isHeadless) {
    faults.push(field.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services"));
  }
  if (spec.type === 'NodePort' && isHeadless) {
    faults.push(field.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services"));
  }
  if (spec.type !== 'ExternalName') return;
  if ((spec.clusterIP ?? '') !== '' || (spec.clusterIPs ?? []).length > 0) {
    faults.push(field.forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
  }
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') faults.push(field.required('spec.externalName'));
  else addEach(faults, 'spec.externalName', spec.externalName, checkDns1123Subdomain(name));
}

function addPorts(faults: Faults, ports: Loose<ServicePort[]>, type: string | undefined): void {
  const names = new Set<string>();
  const taken = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    addServicePort(faults, port, ports.length > 1, names, at);
    const id = `${port.protocol}/${port.port}`;
    if (taken.has(id)) faults.push(field.duplicate(at, shownPort(port)));
    taken.add(id);
    if (port.nodePort === undefined) continue;
    if (type === 'ClusterIP') {
      faults.push(field.forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    const nodeId = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(nodeId)) faults.push(field.duplicate(`${at}.nodePort`, port.nodePort));
    nodePorts.add(nodeId);
  }
}

function addServicePort(
  faults: Faults,
  port: Loose<ServicePort>,
  mustHaveName: boolean,
  names: Set<string>,
  path: string,
): void {
  const name = port.name ?? '';
  if (name === '') {
    if (mustHaveName) faults.push(field.required(`${path}.name`));
  } else {
    addEach(faults, `${path}.name`, name, checkDns1123Label(name));
    if (names.has(name)) faults.push(field.duplicate(`${path}.name`, name));
    names.add(name);
  }
  addEach(faults, `${path}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0));
  addUnsupported(faults, `${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
  addPort(faults, `${path}.targetPort`, port.targetPort);
  const { appProtocol } = port;
  if (appProtocol !== undefined) addEach(faults, `${path}.appProtocol`, appProtocol, checkQualifiedName(appProtocol));
}

function addAffinity(faults: Faults, spec: Loose<ServiceSpec>): void {
  addUnsupported(faults, 'spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) {
    const why = 'must not be set when session affinity is None';
    faults.push(field.forbidden('spec.sessionAffinityConfig', why));
  }
  if (spec.sessionAffinity !== 'ClientIP') return;
  const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds === undefined) faults.push(field.required(path, 'when session affinity type is ClientIP'));
  else if (seconds <= 0 || seconds > maxAffinitySeconds) {
    faults.push(field.invalid(path, seconds, `must be greater than 0 and less than ${maxAffinitySeconds}`));
  }
}

function addClusterIPs(faults: Faults, spec: Loose<ServiceSpec>): void {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec;
  if (spec.type === 'ExternalName') return;
  if (clusterIP === '' && clusterIPs.length > 0) faults.push(field.required('spec.clusterIP'));
  else if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    faults.push(field.invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'));
  }
  const given = clusterIPs.length > 0 ? clusterIPs : clusterIP === '' ? [] : [clusterIP];
  for (const [index, ip] of given.entries()) {
    if (ip === 'None' && index === 0) continue;
    if (ipFamily(ip) === undefined) faults.push(field.invalid(`spec.clusterIPs[${index}]`, ip, ipMessage));
  }
  if (given.length > 2) faults.push(field.tooMany('spec.clusterIPs', given.length, 2));
  if (given[0] === 'None' && given.length > 1) {
    faults.push(field.invalid('spec.clusterIPs', given, "'None' must be the first and only value"));
  }
  for (const [index, family] of ipFamilies.entries()) {
    addUnsupportedIfSet(faults, `spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']);
    if (ipFamilies.indexOf(family) < index) faults.push(field.duplicate(`spec.ipFamilies[${index}]`, family));
    const known = ipFamily(given[index] ?? '');
    if (known !== undefined && family !== `IPv${known}`) {
      const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
      faults.push(field.invalid(`spec.clusterIPs[${index}]`, given[index], why));
    }
  }
  addUnsupportedIfSet(faults, 'spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
    'PreferDualStack',
    'RequireDualStack',
    'SingleStack',
  ]);
}

function addTraffic(faults: Faults, spec: Loose<ServiceSpec>): void {
  const isExternal =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  const policy = spec.externalTrafficPolicy;
  if (isExternal) addUnsupported(faults, 'spec.externalTrafficPolicy', policy, ['Cluster', 'Local']);
  else if (policy !== undefined) {
    const why = 'may only be set for externally-accessible services';
    faults.push(field.invalid('spec.externalTrafficPolicy', policy, why));
  }
  addUnsupportedIfSet(faults, 'spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']);
  addUnsupportedIfSet(faults, 'spec.trafficDistribution', spec.trafficDistribution, ['PreferClose']);
  const { healthCheckNodePort } = spec;
  if (healthCheckNodePort === undefined) return;
  const path = 'spec.healthCheckNodePort';
  if (healthCheckNodePort < 0)
    faults.push(field.invalid(path, healthCheckNodePort, 'must be between 0 and 65535, inclusive'));
  else if (spec.type !== 'LoadBalancer' || policy !== 'Local') {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    faults.push(field.invalid(path, healthCheckNodePort, why));
  }
}

function addLoadBalancer(faults: Faults, spec: Loose<ServiceSpec>): void {
  const isLoadBalancer = spec.type === 'LoadBalancer';
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0 && !isLoadBalancer) {
    const why = "may only be used when `type` is 'LoadBalancer'";
    faults.push(field.forbidden('spec.loadBalancerSourceRanges', why));
  }
  for (const [index, range] of ranges.entries()) {
    if (!isCidr(range.trim()))
      faults.push(field.invalid(`spec.loadBalancerSourceRanges[${index}]`, range, cidrMessage));
  }
  for (const name of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
    if (spec[name] !== undefined && !isLoadBalancer) {
      faults.push(field.forbidden(`spec.${name}`, "may only be used when `type` is 'LoadBalancer'"));
    }
  }
  if (spec.loadBalancerClass !== undefined) {
    const value = spec.loadBalancerClass;
    addEach(faults, 'spec.loadBalancerClass', value, checkQualifiedName(value));
  }
}

/** Addresses stay for as long as the service has any. */
/** A port, as that which no other may be: its number and protocol. */
const shownPort = ({ port, protocol }: Loose<ServicePort>): GoText =>
  goStruct('core.ServicePort', {
    ...{ Name: '', Protocol: protocol, AppProtocol: new GoText('(*string)(nil)'), Port: port },
    ...{ TargetPort: new GoText('intstr.IntOrString{Type:0, IntVal:0, StrVal:""}'), NodePort: 0 },
  });

export function addServiceUpdate(faults: Faults, next: Loose<Service>, previous: Loose<Service>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  const hadAddress = old.type !== 'ExternalName' && (old.clusterIP ?? '') !== '';
  if (hadAddress && spec.type !== 'ExternalName') {
    const now = spec.clusterIP ?? '';
    if (now === '')
      faults.push(
        field.invalid('spec.clusterIPs[0]', goList('string', spec.clusterIPs), 'primary clusterIP can not be unset'),
      );
    else if (now !== old.clusterIP) {
      faults.push(field.invalid('spec.clusterIPs[0]', [now], 'may not change once set'));
    }
    const [nowSecond, oldSecond] = [spec.clusterIPs?.[1], old.clusterIPs?.[1]];
    if (nowSecond !== undefined && oldSecond !== undefined && nowSecond !== oldSecond) {
      faults.push(field.invalid('spec.clusterIPs[1]', [nowSecond], 'may not change once set'));
    }
  }
  const wasLoadBalancer = old.type === 'LoadBalancer' && spec.type === 'LoadBalancer';
  if (wasLoadBalancer && !deepEqual(spec.loadBalancerClass, old.loadBalancerClass)) {
    faults.push(field.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'));
  }
}
