/** Service (pkg/apis/core/validation, ValidateService). */

import { GoText, goStruct } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Label, checkDns1123Subdomain, checkPortNumber, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Service, ServicePort, ServiceSpec } from '../kinds/types.ts';
import { cidrMessage, ipFamily, ipMessage, isCidr } from './ip.ts';
import { addServedAt } from './load-balancers.ts';
import { addLabels } from './metadata.ts';
import { addClusterIPs, addClusterIPsUpdate, isHeadlessService } from './service-addresses.ts';
import {
  addEach,
  addPort,
  addUnsupported,
  addUnsupportedIfSet,
  type Faults,
  immutableMessage,
  type Loose,
} from './support.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const maxAffinitySeconds = 86_400;

export function addService(faults: Faults, service: Loose<Service>): void {
  const { spec = {} } = service;
  const { type, ports = [] } = spec;
  const isHeadless = isHeadlessService(spec);
  if (ports.length === 0 && !isHeadless && type !== 'ExternalName') faults.push(field.required('spec.ports'));
  addByType(faults, spec, isHeadless);
  addUnsupported(faults, 'spec.type', type, types);
  addPorts(faults, ports, type);
  addLabels(faults, spec.selector, 'spec.selector');
  addAffinity(faults, spec);
  addClusterIPs(faults, spec);
  addTraffic(faults, spec);
  addLoadBalancer(faults, service);
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
  const { type = '' } = spec;
  if (isHeadless && (type === 'LoadBalancer' || type === 'NodePort')) {
    faults.push(field.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  }
  if (type !== 'ExternalName') return;
  const without = 'may not be set for ExternalName services';
  if ((spec.clusterIPs ?? []).length > 0) faults.push(field.forbidden('spec.clusterIPs', without));
  if ((spec.ipFamilies ?? []).length > 0) faults.push(field.forbidden('spec.ipFamilies', without));
  if (spec.ipFamilyPolicy !== undefined) faults.push(field.forbidden('spec.ipFamilyPolicy', without));
  // A name may end in a dot: it is whole then.
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') faults.push(field.required('spec.externalName'));
  else addEach(faults, 'spec.externalName', name, checkDns1123Subdomain(name));
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
  const { healthCheckNodePort = 0 } = spec;
  if (healthCheckNodePort === 0) return;
  const path = 'spec.healthCheckNodePort';
  if (!needsHealthCheck(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    faults.push(field.invalid(path, healthCheckNodePort, why));
  } else addEach(faults, path, healthCheckNodePort, checkPortNumber(healthCheckNodePort));
}

const needsHealthCheck = (spec: Loose<ServiceSpec>): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

function addLoadBalancer(faults: Faults, { metadata, spec = {} }: Loose<Service>): void {
  const isLoadBalancer = spec.type === 'LoadBalancer';
  const only = "may only be used when `type` is 'LoadBalancer'";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const annotation = metadata?.annotations?.[rangesAnnotation];
  // The path is Kubernetes' own.
  const at = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${rangesAnnotation}]`;
  if ((ranges.length > 0 || annotation !== undefined) && !isLoadBalancer) faults.push(field.forbidden(at, only));
  for (const [index, range] of ranges.entries()) addRange(faults, range, `${at}[${index}]`);
  if (ranges.length === 0 && (annotation?.trim() ?? '') !== '')
    for (const range of annotation?.split(',') ?? []) addRange(faults, range, at);
  for (const name of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
    if (spec[name] !== undefined && !isLoadBalancer) faults.push(field.forbidden(`spec.${name}`, only));
  }
  if (spec.loadBalancerClass !== undefined && isLoadBalancer) {
    const value = spec.loadBalancerClass;
    addEach(faults, 'spec.loadBalancerClass', value, checkQualifiedName(value));
  }
}

/** Ranges may be padded with spaces, as they could be when they stood in an annotation. */
function addRange(faults: Faults, padded: string, path: string): void {
  const range = padded.trim();
  if (!isCidr(range)) faults.push(field.invalid(path, range, cidrMessage));
}

/** A port, as that which no other may be: its number and protocol. */
const shownPort = ({ port, protocol }: Loose<ServicePort>): GoText =>
  goStruct('core.ServicePort', {
    ...{ Name: '', Protocol: protocol, AppProtocol: new GoText('(*string)(nil)'), Port: port },
    ...{ TargetPort: new GoText('intstr.IntOrString{Type:0, IntVal:0, StrVal:""}'), NodePort: 0 },
  });

/** What was allocated, or decides who serves the load balancer, stays for as long as the type does. */
export function addServiceUpdate(faults: Faults, next: Loose<Service>, previous: Loose<Service>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  addClusterIPsUpdate(faults, spec, old);
  const wasLoadBalancer = old.type === 'LoadBalancer' && spec.type === 'LoadBalancer';
  if (wasLoadBalancer && !deepEqual(spec.loadBalancerClass, old.loadBalancerClass)) {
    faults.push(field.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'));
  }
  const bothChecked = needsHealthCheck(old) && needsHealthCheck(spec);
  if (bothChecked && (spec.healthCheckNodePort ?? 0) !== (old.healthCheckNodePort ?? 0))
    faults.push(field.forbidden('spec.healthCheckNodePort', immutableMessage));
}

/** Where a load balancer says that it serves. */
export function addServiceStatusUpdate(faults: Faults, { spec, status }: Loose<Service>): void {
  const ingress = status?.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (spec?.type !== 'LoadBalancer' && ingress.length > 0) {
    return void faults.push(field.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'"));
  }
  for (const [index, one] of ingress.entries()) {
    const at = `${path}[${index}]`;
    addServedAt(faults, one, at);
    const { ip = '', ipMode } = one;
    if (ipMode === undefined) {
      if (ip !== '') faults.push(field.required(`${at}.ipMode`, 'must be specified when `ip` is set'));
    } else if (ip === '') faults.push(field.forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else addUnsupportedIfSet(faults, `${at}.ipMode`, ipMode, ipModes);
  }
}

const ipModes = ['Proxy', 'VIP'];
