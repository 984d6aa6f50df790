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
  repeatsOf,
} from './support.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const maxAffinitySeconds = 86_400;

export function addService(faults: Faults, service: Loose<Service>): void {
  const { spec = {} } = service;
  const { type, ports = [] } = spec;
  const isHeadless = isHeadlessService(spec);
  addHints(faults, service);
  if (ports.length === 0 && !isHeadless && type !== 'ExternalName') faults.push(field.required('spec.ports'));
  addByType(faults, spec, isHeadless);
  addPorts(faults, ports);
  addLabels(faults, spec.selector, 'spec.selector');
  addAffinity(faults, spec);
  addClusterIPs(faults, spec);
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    if (ipFamily(ip) === undefined) faults.push(field.invalid(at, ip, ipMessage));
    else addNonSpecialIP(faults, ip, at);
  }
  addUnsupported(faults, 'spec.type', type, types);
  addRepeatedPorts(faults, ports, type);
  addLoadBalancer(faults, service);
  addTraffic(faults, spec);
}

const oldHints = 'service.kubernetes.io/topology-aware-hints';
const topologyMode = 'service.kubernetes.io/topology-mode';

/** The old annotation and the new one say the same. */
function addHints(faults: Faults, { metadata }: Loose<Service>): void {
  const { [oldHints]: old, [topologyMode]: mode } = metadata?.annotations ?? {};
  if (old === undefined || mode === undefined || old === mode) return;
  const why = `must match annotations[${oldHints}] when both are specified`;
  faults.push(field.invalid(`metadata.annotations[${topologyMode}]`, mode, why));
}

/** No address of the host itself, or of everybody. */
export function addNonSpecialIP(faults: Faults, ip: string, path: string): void {
  if (ipFamily(ip) === undefined) return void faults.push(field.invalid(path, ip, 'must be a valid IP address'));
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

/** Where a node's agent listens in Kubernetes: no load balancer may send there. */
const agentPort = 10_250;

function addByType(faults: Faults, spec: Loose<ServiceSpec>, isHeadless: boolean): void {
  const { type = '' } = spec;
  for (const [index, { port }] of (spec.ports ?? []).entries()) {
    if (type !== 'LoadBalancer' || port !== agentPort) continue;
    const why = `may not expose port ${agentPort} externally since it is used by kubelet`;
    faults.push(field.invalid(`spec.ports[${index}]`, port, why));
  }
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

function addPorts(faults: Faults, ports: Loose<ServicePort[]>): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries())
    addServicePort(faults, port, ports.length > 1, names, `spec.ports[${index}]`);
}

/** What was given twice, once that each port is looked at by itself. */
function addRepeatedPorts(faults: Faults, ports: Loose<ServicePort[]>, type: string | undefined): void {
  const given = (port: Loose<ServicePort>): boolean => (port.nodePort ?? 0) !== 0;
  for (const [index, port] of ports.entries()) {
    if (type !== 'ClusterIP' || !given(port)) continue;
    faults.push(field.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
  }
  // What is not given is no twin of anything.
  const nodePorts = ports.map((port, index) => (given(port) ? `${port.protocol}/${port.nodePort}` : index));
  for (const index of repeatsOf(nodePorts))
    faults.push(field.duplicate(`spec.ports[${index}].nodePort`, ports[index]?.nodePort));
  for (const index of repeatsOf(ports.map(({ protocol, port }) => `${protocol}/${port}`)))
    faults.push(field.duplicate(`spec.ports[${index}]`, shownPort(ports[index] ?? {})));
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
  addHealthCheck(faults, spec);
  addUnsupportedIfSet(faults, 'spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']);
  addUnsupportedIfSet(faults, 'spec.trafficDistribution', spec.trafficDistribution, ['PreferClose']);
}

function addHealthCheck(faults: Faults, spec: Loose<ServiceSpec>): void {
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
