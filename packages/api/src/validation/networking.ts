/** Ingress, IngressClass and NetworkPolicy (pkg/apis/networking/validation). */

import { goList } from '../algebra/go-text.ts';
import {
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkDomainPrefixedPath,
  checkPathSegment,
  checkPortName,
  checkPortNumber,
  checkWildcardDns1123Subdomain,
} from '../algebra/names.ts';
import { field } from '../errors.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressRule,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../kinds/types.ts';
import { cidrContains, cidrMessage, ipFamily, isCidr } from './ip.ts';
import { addLabelSelector } from './selectors.ts';
import { addChanged, addEach, addPort, addUnsupportedIfSet, bytesOf, type Faults, type Loose } from './support.ts';

const maxControllerBytes = 250;

const classAnnotation = 'kubernetes.io/ingress.class';

/** A new ingress may name its class in the old way and the new, but not two classes. */
export function addNewIngress(faults: Faults, ingress: Loose<Ingress>): void {
  addIngress(faults, ingress);
  const old = ingress.metadata?.annotations?.[classAnnotation];
  const { ingressClassName } = ingress.spec ?? {};
  if (old === undefined || ingressClassName === undefined || old === ingressClassName) return;
  const why = 'must match `ingressClassName` when both are specified';
  faults.push(field.invalid(`annotations.${classAnnotation}`, old, why));
}

export function addIngress(faults: Faults, { spec = {} }: Loose<Ingress>): void {
  const { rules = [], defaultBackend } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    faults.push(
      field.invalid(
        'spec',
        goList('networking.IngressRule', spec.rules),
        'either `defaultBackend` or `rules` must be specified',
      ),
    );
  }
  if (defaultBackend !== undefined) addBackend(faults, defaultBackend, 'spec.defaultBackend');
  for (const [index, rule] of rules.entries()) addRule(faults, rule, `spec.rules[${index}]`);
  for (const [index, tls] of (spec.tls ?? []).entries()) {
    for (const [place, host] of (tls.hosts ?? []).entries())
      addHost(faults, host, `spec.tls[${index}].hosts[${place}]`);
    const { secretName = '' } = tls;
    if (secretName !== '')
      addEach(faults, `spec.tls[${index}].secretName`, secretName, checkDns1123Subdomain(secretName));
  }
  const { ingressClassName } = spec;
  if (ingressClassName !== undefined) {
    addEach(faults, 'spec.ingressClassName', ingressClassName, checkDns1123Subdomain(ingressClassName));
  }
}

function addHost(faults: Faults, host: string, path: string): void {
  addEach(faults, path, host, host.includes('*') ? checkWildcardDns1123Subdomain(host) : checkDns1123Subdomain(host));
}

function addRule(faults: Faults, rule: Loose<IngressRule>, path: string): void {
  const { host = '', http } = rule;
  if (host !== '') {
    if (ipFamily(host) !== undefined)
      faults.push(field.invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'));
    addHost(faults, host, `${path}.host`);
  }
  if (http === undefined) return;
  if ((http.paths ?? []).length === 0) faults.push(field.required(`${path}.http.paths`));
  for (const [index, one] of (http.paths ?? []).entries()) addPath(faults, one, `${path}.http.paths[${index}]`);
}

function addPath(faults: Faults, one: Loose<HTTPIngressPath>, path: string): void {
  const { pathType, path: text = '' } = one;
  if (pathType === undefined) {
    return void faults.push(field.required(`${path}.pathType`, 'pathType must be specified'));
  }
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) faults.push(field.invalid(`${path}.path`, text, 'must be an absolute path'));
    for (const wrong of ['//', '/./', '/../', '%2f', '%2F']) {
      if (text.includes(wrong)) faults.push(field.invalid(`${path}.path`, text, `must not contain '${wrong}'`));
    }
    for (const wrong of ['/..', '/.']) {
      if (text.endsWith(wrong)) faults.push(field.invalid(`${path}.path`, text, `cannot end with '${wrong}'`));
    }
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/'))
      faults.push(field.invalid(`${path}.path`, text, 'must be an absolute path'));
  } else faults.push(field.notSupported(`${path}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']));
  addBackend(faults, one.backend ?? {}, `${path}.backend`);
}

function addBackend(faults: Faults, backend: Loose<IngressBackend>, path: string): void {
  const { service, resource } = backend;
  if (service !== undefined && resource !== undefined) {
    faults.push(field.invalid(path, '', 'cannot set both resource and service backends'));
  } else if (resource !== undefined) {
    addTypedReference(faults, resource, `${path}.resource`);
  } else if (service === undefined) {
    faults.push(field.invalid(path, '', 'resource or service backend is required'));
  } else {
    const { name = '', port = {} } = service;
    if (name === '') faults.push(field.required(`${path}.service.name`));
    else addEach(faults, `${path}.service.name`, name, checkDns1035Label(name));
    const at = `${path}.service.port`;
    const { name: portName = '', number = 0 } = port;
    if (portName !== '' && number !== 0) {
      faults.push(field.invalid(path, '', 'cannot set both port name & port number'));
    } else if (portName !== '') addEach(faults, `${at}.name`, portName, checkPortName(portName));
    else if (number !== 0) addEach(faults, `${at}.number`, number, checkPortNumber(number));
    else faults.push(field.required(path, 'port name or number is required'));
  }
}

export function addIngressClass(faults: Faults, { spec = {} }: Loose<IngressClass>): void {
  const controller = spec.controller ?? '';
  if (bytesOf(controller) > maxControllerBytes) faults.push(field.tooLong('spec.controller', maxControllerBytes));
  if (controller === '') faults.push(field.required('spec.controller'));
  else addEach(faults, 'spec.controller', controller, checkDomainPrefixedPath(controller));
  if (spec.parameters !== undefined) addParameters(faults, spec.parameters, 'spec.parameters');
}

type Parameters = NonNullable<NonNullable<Loose<IngressClass>['spec']>['parameters']>;

function addParameters(faults: Faults, parameters: Parameters, path: string): void {
  addTypedReference(faults, parameters, path);
  const { scope = '', namespace } = parameters;
  if (scope === '') faults.push(field.required(`${path}.scope`));
  else if (scope === 'Cluster') {
    if (namespace === undefined) return;
    faults.push(field.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  } else if (scope !== 'Namespace') faults.push(field.notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace']));
  else if (namespace !== undefined) addEach(faults, `${path}.namespace`, namespace, checkDns1123Label(namespace));
  else faults.push(field.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
}

/** A TypedLocalObjectReference: a kind of any group, and a name. */
function addTypedReference(
  faults: Faults,
  { apiGroup, kind = '', name = '' }: { apiGroup?: string; kind?: string; name?: string },
  path: string,
): void {
  if (apiGroup !== undefined) addEach(faults, `${path}.apiGroup`, apiGroup, checkDns1123Subdomain(apiGroup));
  if (kind === '') faults.push(field.required(`${path}.kind`, 'kind is required'));
  else addEach(faults, `${path}.kind`, kind, checkPathSegment(kind));
  if (name === '') faults.push(field.required(`${path}.name`, 'name is required'));
  else addEach(faults, `${path}.name`, name, checkPathSegment(name));
}

export function addIngressClassUpdate(faults: Faults, next: Loose<IngressClass>, previous: Loose<IngressClass>): void {
  addChanged(faults, 'spec.controller', next.spec?.controller, previous.spec?.controller);
}

export function addNetworkPolicy(faults: Faults, { spec = {} }: Loose<NetworkPolicy>): void {
  addLabelSelector(faults, spec.podSelector, 'spec.podSelector');
  for (const [index, rule] of (spec.ingress ?? []).entries()) {
    const at = `spec.ingress[${index}]`;
    addPolicyPorts(faults, rule.ports, `${at}.ports`);
    addPeers(faults, rule.from, `${at}.from`);
  }
  for (const [index, rule] of (spec.egress ?? []).entries()) {
    const at = `spec.egress[${index}]`;
    addPolicyPorts(faults, rule.ports, `${at}.ports`);
    addPeers(faults, rule.to, `${at}.to`);
  }
  const types = spec.policyTypes ?? [];
  if (types.length > 2) {
    const why = 'may not specify more than two policyTypes';
    return void faults.push(field.invalid('spec.policyTypes', goList('networking.PolicyType', types), why));
  }
  for (const [index, type] of types.entries()) {
    addUnsupportedIfSet(faults, `spec.policyTypes[${index}]`, type, ['Ingress', 'Egress']);
  }
}

function addPolicyPorts(faults: Faults, ports: Loose<NetworkPolicyPort[]> | undefined, path: string): void {
  for (const [index, { protocol, port, endPort }] of (ports ?? []).entries()) {
    const at = `${path}[${index}]`;
    addUnsupportedIfSet(faults, `${at}.protocol`, protocol, ['TCP', 'UDP', 'SCTP']);
    if (typeof port === 'number') addPort(faults, `${at}.port`, port);
    else if (endPort !== undefined) {
      const what = port === undefined ? 'not specified' : 'non-numeric';
      faults.push(field.invalid(`${at}.endPort`, endPort, `may not be specified when \`port\` is ${what}`));
    }
    if (typeof port === 'string') addPort(faults, `${at}.port`, port);
    if (typeof port !== 'number' || endPort === undefined) continue;
    // The value that is told is the port's: so Kubernetes has it.
    if (endPort < port) faults.push(field.invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`'));
    addEach(faults, `${at}.endPort`, endPort, checkPortNumber(endPort));
  }
}

function addPeers(faults: Faults, peers: Loose<NetworkPolicyPeer[]> | undefined, path: string): void {
  for (const [index, peer] of (peers ?? []).entries()) {
    const at = `${path}[${index}]`;
    addLabelSelector(faults, peer.podSelector, `${at}.podSelector`);
    addLabelSelector(faults, peer.namespaceSelector, `${at}.namespaceSelector`);
    const hasSelector = peer.podSelector !== undefined || peer.namespaceSelector !== undefined;
    if (peer.ipBlock === undefined) {
      if (!hasSelector) faults.push(field.required(at, 'must specify a peer'));
      continue;
    }
    addBlock(faults, peer.ipBlock.cidr ?? '', peer.ipBlock.except ?? [], `${at}.ipBlock`);
    if (hasSelector) faults.push(field.forbidden(at, 'may not specify both ipBlock and another peer'));
  }
}

function addBlock(faults: Faults, cidr: string, except: readonly string[], path: string): void {
  if (cidr === '') return void faults.push(field.required(`${path}.cidr`));
  if (!isCidr(cidr)) return void faults.push(field.invalid(`${path}.cidr`, cidr, cidrMessage));
  for (const [index, one] of except.entries()) {
    const at = `${path}.except[${index}]`;
    if (!isCidr(one)) faults.push(field.invalid(at, one, cidrMessage));
    else if (!cidrContains(cidr, one) || cidrContains(one, cidr)) {
      faults.push(field.invalid(at, one, `must be a strict subset of \`cidr\``));
    }
  }
}
