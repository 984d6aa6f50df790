/**
 * What cluster DNS answers: a pure function of a question and a view of the cluster. Rules: the specification of Kubernetes'
 * DNS-based service discovery, version 1.1.0; where it leaves a choice (pod names, endpoints' names, weights), what CoreDNS does.
 */
import type { Service } from '@skiff/api';
import { isIPv4 } from '../network/ipv4.ts';
import { endpointsNamed, hostLabel, type NamedEndpoint, portsOf, readyEndpoints, type SrvPort } from './endpoints.ts';
import type { DataRecord } from './message.ts';
import type { DnsView } from './view.ts';

/** The names that are the cluster's. */
export interface Zone {
  /** `cluster.local`, lower case, without dots at the ends. */
  readonly domain: string;
  /** The address that this DNS answers on: what `ns.dns.<domain>` means. */
  readonly dnsAddress: string;
  /** Addresses of pods and services: nobody outside knows their names, so nobody outside is asked. */
  readonly isClusterAddress: (address: string) => boolean;
  /** Of the SOA record. */
  readonly serial: number;
}

export interface Question {
  /** As asked; matched without regard to case, repeated as it came. */
  readonly name: string;
  readonly type: string;
}

export type Answer =
  /** The name exists. No answers means that it has no records of this type (NODATA). */
  | { readonly kind: 'exists'; readonly answers: readonly DataRecord[]; readonly additionals: readonly DataRecord[] }
  | { readonly kind: 'no such name' }
  /** A CNAME; the answer is complete only with the records of its target. */
  | { readonly kind: 'alias'; readonly record: DataRecord; readonly target: string }
  /** Not the cluster's business. */
  | { readonly kind: 'elsewhere' };

/** Seconds that clients may keep an answer: CoreDNS' default, short since endpoints come and go. */
export const ttlSeconds = 5;

const specVersion = '1.1.0';
const reverseDomain = '.in-addr.arpa';

const noSuchName: Answer = { kind: 'no such name' };
const exists = (answers: readonly DataRecord[] = [], additionals: readonly DataRecord[] = []): Answer => ({
  kind: 'exists',
  answers,
  additionals,
});

export function answer(question: Question, zone: Zone, view: DnsView): Answer {
  const name = question.name.toLowerCase();
  if (name.endsWith(reverseDomain)) return answerReverse(question, name, zone, view);
  if (name === zone.domain) return answerApex(question, zone);
  if (!name.endsWith(`.${zone.domain}`)) return { kind: 'elsewhere' };
  const labels = name.slice(0, -zone.domain.length - 1).split('.');
  switch (labels.at(-1)) {
    case 'svc':
      return answerService(question, labels.slice(0, -1), zone, view);
    case 'pod':
      return answerPod(question, labels.slice(0, -1), view);
    case 'dns':
      if (labels.length === 1) return exists();
      return labels.length === 2 && labels[0] === 'ns'
        ? exists(addressRecords(question, [zone.dnsAddress]))
        : noSuchName;
    case 'dns-version':
      if (labels.length > 1) return noSuchName;
      return exists(
        asks(question, 'TXT') ? [{ name: question.name, type: 'TXT', ttl: ttlSeconds, data: specVersion }] : [],
      );
    default:
      return noSuchName;
  }
}

/** The record that goes with every "no": how long a client may remember it (RFC 2308). */
export function startOfAuthority(owner: string, { domain, serial }: Zone): DataRecord {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: ttlSeconds,
  };
  return { name: owner, type: 'SOA', ttl: ttlSeconds, data };
}

const asks = ({ type }: Question, wanted: string): boolean => type === wanted || type === 'ANY';

/** A and AAAA records of the kind asked for. */
function addressRecords(question: Question, addresses: readonly string[], name = question.name): DataRecord[] {
  return [...new Set(addresses)].flatMap((data): DataRecord[] => {
    const type = isIPv4(data) ? 'A' : 'AAAA';
    return asks(question, type) ? [{ name, type, ttl: ttlSeconds, data }] : [];
  });
}

function answerApex(question: Question, zone: Zone): Answer {
  if (question.type === 'SOA') return exists([startOfAuthority(question.name, zone)]);
  if (question.type !== 'NS') return exists();
  const data = `ns.dns.${zone.domain}`;
  return exists(
    [{ name: question.name, type: 'NS', ttl: ttlSeconds, data }],
    [{ name: data, type: 'A', ttl: ttlSeconds, data: zone.dnsAddress }],
  );
}

/** `10-244-1-7.default.pod`: the address is in the name, and only the namespace is checked (CoreDNS' "pods insecure"). */
function answerPod(question: Question, labels: readonly string[], view: DnsView): Answer {
  if (labels.length === 0) return exists();
  const namespace = labels.at(-1) ?? '';
  if (!view.hasNamespace(namespace) || labels.length > 2) return noSuchName;
  if (labels.length === 1) return exists();
  const address = (labels[0] ?? '').replaceAll('-', '.');
  return isIPv4(address) ? exists(addressRecords(question, [address])) : noSuchName;
}

/** What stands before `.svc`: `[endpoint.|_port._protocol.]service.namespace`. */
function answerService(question: Question, labels: readonly string[], zone: Zone, view: DnsView): Answer {
  if (labels.length === 0) return exists();
  const namespace = labels.at(-1) ?? '';
  if (!view.hasNamespace(namespace)) return noSuchName;
  if (labels.length === 1) return exists();
  const service = view.service(namespace, labels.at(-2) ?? '');
  if (service === undefined) return noSuchName;
  const inner = labels.slice(0, -2);
  const { externalName, type, clusterIP } = service.spec;
  if (type === 'ExternalName') {
    if (inner.length > 0 || externalName === undefined || externalName === '') return noSuchName;
    return answerAlias(question, externalName);
  }
  const names: ServiceNames = {
    question,
    service,
    base: `${service.metadata.name}.${namespace}.svc.${zone.domain}`,
    endpoints: readyEndpoints(view.slices(namespace, service.metadata.name)),
    headless: clusterIP === 'None',
  };
  if (inner.length === 0) return answerServiceItself(names);
  return inner.some((label) => label.startsWith('_')) ? answerPort(names, inner) : answerEndpoint(names, inner);
}

interface ServiceNames {
  readonly question: Question;
  readonly service: Service;
  /** The service's own name, in full. */
  readonly base: string;
  readonly endpoints: readonly NamedEndpoint[];
  readonly headless: boolean;
}

const clusterIPsOf = ({ spec }: Service): string[] =>
  (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((address) => address !== '' && address !== 'None');

function answerAlias(question: Question, externalName: string): Answer {
  const target = externalName.replace(/\.$/, '');
  const record: DataRecord = { name: question.name, type: 'CNAME', ttl: ttlSeconds, data: target };
  return question.type === 'CNAME' ? exists([record]) : { kind: 'alias', record, target };
}

function answerServiceItself(names: ServiceNames): Answer {
  const { question, service, endpoints, headless } = names;
  // The specification's words: without ready endpoints a headless service's name does not exist.
  if (headless && endpoints.length === 0) return noSuchName;
  if (question.type === 'SRV') return srvAnswer(names, portsOf(service, endpoints, headless));
  const addresses = headless ? endpoints.flatMap(({ addresses: own }) => own) : clusterIPsOf(service);
  return exists(addressRecords(question, addresses));
}

/** `_http._tcp.web.default.svc` has SRV records; `_tcp.web.default.svc` only exists. */
function answerPort(names: ServiceNames, inner: readonly string[]): Answer {
  const protocol = inner.at(-1) ?? '';
  const ports = portsOf(names.service, names.endpoints, names.headless).filter(
    (port) => `_${port.protocol}` === protocol && (inner.length === 1 || `_${port.name}` === inner[0]),
  );
  if (inner.length > 2 || ports.length === 0) return noSuchName;
  return inner.length === 2 && asks(names.question, 'SRV') ? srvAnswer(names, ports) : exists();
}

function answerEndpoint({ question, endpoints }: ServiceNames, inner: readonly string[]): Answer {
  const named = inner.length === 1 ? endpointsNamed(endpoints, inner[0] ?? '') : [];
  if (named.length === 0) return noSuchName;
  return exists(
    addressRecords(
      question,
      named.flatMap(({ addresses }) => addresses),
    ),
  );
}

function srvAnswer({ question, base, service }: ServiceNames, ports: readonly SrvPort[]): Answer {
  const weight = Math.max(1, Math.floor(100 / Math.max(1, ports.length)));
  const targetOf = ({ host }: SrvPort): string => (host === undefined ? base : `${hostLabel(host)}.${base}`);
  const addressesOfPort = ({ host }: SrvPort): readonly string[] => host?.addresses ?? clusterIPsOf(service);
  const answers = ports.map((one): DataRecord => {
    const data = { priority: 0, weight, port: one.port, target: targetOf(one) };
    return { name: question.name, type: 'SRV', ttl: ttlSeconds, data };
  });
  const addresses = new Map(ports.map((one) => [targetOf(one), addressesOfPort(one)]));
  const anyAddress: Question = { name: question.name, type: 'ANY' };
  return exists(
    answers,
    [...addresses].flatMap(([target, own]) => addressRecords(anyAddress, own, target)),
  );
}

/** `1.0.96.10.in-addr.arpa`. */
function answerReverse(question: Question, name: string, zone: Zone, view: DnsView): Answer {
  const address = name.slice(0, -reverseDomain.length).split('.').reverse().join('.');
  if (!isIPv4(address)) return { kind: 'elsewhere' };
  const service = view.serviceAt(address);
  const names = service !== undefined ? [nameOf(service.metadata, zone)] : endpointNamesAt(address, zone, view);
  if (names.length === 0) return zone.isClusterAddress(address) ? noSuchName : { kind: 'elsewhere' };
  if (!asks(question, 'PTR')) return exists();
  return exists(names.map((data): DataRecord => ({ name: question.name, type: 'PTR', ttl: ttlSeconds, data })));
}

const nameOf = ({ name, namespace = '' }: { name: string; namespace?: string }, { domain }: Zone): string =>
  `${name}.${namespace}.svc.${domain}`;

function endpointNamesAt(address: string, zone: Zone, view: DnsView): string[] {
  const names = view.slicesAt(address).flatMap((slice) => {
    const name = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (name === undefined) return [];
    const base = nameOf({ name, namespace: slice.metadata.namespace ?? '' }, zone);
    return readyEndpoints([slice])
      .filter(({ addresses }) => addresses.includes(address))
      .map((endpoint) => `${hostLabel(endpoint)}.${base}`);
  });
  return [...new Set(names)];
}
