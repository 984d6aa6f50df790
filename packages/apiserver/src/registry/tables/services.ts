/** Rows of services, endpoints and ingresses. */
import type { JsonObject } from '@skiff/api';
import { listAt, numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, labelsText, nameColumn, shownSelector, text, wideText } from './columns.ts';

/** Addresses of a load balancer, each once, sorted. */
function loadBalancerText(object: JsonObject): string {
  const all = objectsAt(object, 'status', 'loadBalancer', 'ingress').map(
    (each) => textAt(each, 'ip') || textAt(each, 'hostname'),
  );
  return [...new Set(all.filter((each) => each !== ''))].sort().join(',');
}

function externalText(service: JsonObject): string {
  const external = listAt(service, 'spec', 'externalIPs').map(String);
  switch (textAt(service, 'spec', 'type')) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer': {
      const balancer = loadBalancerText(service);
      return [...(balancer === '' ? [] : [balancer]), ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return textAt(service, 'spec', 'externalName');
    default:
      return '<unknown>';
  }
}

function portText(port: JsonObject): string {
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  const opened = nodePort > 0 ? `:${nodePort}` : '';
  return `${numberAt(port, 'port') ?? 0}${opened}/${textAt(port, 'protocol')}`;
}

export const serviceColumns: readonly Column[] = [
  nameColumn,
  text('Type', 'How the service is exposed.', (object) => textAt(object, 'spec', 'type')),
  text('Cluster-IP', 'The address inside the cluster.', (object) =>
    String(listAt(object, 'spec', 'clusterIPs')[0] ?? '<none>'),
  ),
  text('External-IP', 'Addresses for use from outside.', externalText),
  text(
    'Port(s)',
    'The ports that are exposed.',
    (object) => objectsAt(object, 'spec', 'ports').map(portText).join(',') || '<none>',
  ),
  ageColumn,
  wideText('Selector', 'Labels of the pods that serve.', (object) => labelsText(objectAt(object, 'spec', 'selector'))),
];

const shownAddresses = 3;

/** The first few of a list and how many more there are. */
function firstOf(all: readonly string[]): string {
  if (all.length === 0) return '';
  const list = all.slice(0, shownAddresses).join(',');
  return all.length > shownAddresses ? `${list} + ${all.length - shownAddresses} more...` : list;
}

const hostPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

function endpointsText(object: JsonObject): string {
  const subsets = objectsAt(object, 'subsets');
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap((subset) => {
    const addresses = objectsAt(subset, 'addresses').map((each) => textAt(each, 'ip'));
    const ports = objectsAt(subset, 'ports').map((each) => numberAt(each, 'port') ?? 0);
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((each) => hostPort(each, port)));
  });
  return firstOf(all);
}

export const endpointsColumns: readonly Column[] = [
  nameColumn,
  text('Endpoints', 'The addresses that serve.', endpointsText),
  ageColumn,
];

export const endpointSliceColumns: readonly Column[] = [
  nameColumn,
  text('AddressType', 'What kind of addresses the slice carries.', (object) => textAt(object, 'addressType')),
  text('Ports', 'The ports of every endpoint of the slice.', (object) => {
    const ports = objectsAt(object, 'ports');
    if (ports.length === 0) return '<unset>';
    return firstOf(ports.map((port) => String(numberAt(port, 'port') ?? own(port, 'name') ?? '*'))) || '<unset>';
  }),
  text('Endpoints', 'The addresses of the slice.', (object) => {
    const endpoints = objectsAt(object, 'endpoints');
    if (endpoints.length === 0) return '<unset>';
    return firstOf(endpoints.flatMap((endpoint) => listAt(endpoint, 'addresses').map(String)));
  }),
  ageColumn,
];

function hostsText(object: JsonObject): string {
  const rules = objectsAt(object, 'spec', 'rules');
  const hosts = rules.map((rule) => textAt(rule, 'host')).filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const list = hosts.slice(0, shownAddresses).join(',');
  const more = hosts.length >= shownAddresses && rules.length > shownAddresses;
  return more ? `${list} + ${rules.length - shownAddresses} more...` : list;
}

export const ingressColumns: readonly Column[] = [
  nameColumn,
  text(
    'Class',
    'The name of the IngressClass resource that should be used for additional configuration',
    (object) => textAt(object, 'spec', 'ingressClassName') || '<none>',
  ),
  text('Hosts', 'Hosts that incoming requests are matched against before the ingress rule', hostsText),
  text('Address', 'Address is a list containing ingress points for the load-balancer', loadBalancerText),
  text('Ports', 'Ports of TLS configurations that open', (object) =>
    listAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80',
  ),
  ageColumn,
];

export const ingressClassColumns: readonly Column[] = [
  nameColumn,
  text('Controller', 'Controller that is responsible for handling this class', (object) =>
    textAt(object, 'spec', 'controller'),
  ),
  text('Parameters', 'A reference to a resource with additional parameters', (object) => {
    const parameters = objectAt(object, 'spec', 'parameters');
    if (parameters === undefined) return '<none>';
    const group = textAt(parameters, 'apiGroup');
    return `${textAt(parameters, 'kind')}${group === '' ? '' : `.${group}`}/${textAt(parameters, 'name')}`;
  }),
  ageColumn,
];

export const networkPolicyColumns: readonly Column[] = [
  nameColumn,
  text('Pod-Selector', 'Labels of the pods the policy is about.', (object) =>
    shownSelector(objectAt(object, 'spec', 'podSelector')),
  ),
  ageColumn,
];
