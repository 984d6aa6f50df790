/** The texts of a pod's /etc/hosts and /etc/resolv.conf. Pure. */
import type { Pod } from '@skiff/api';

/** The pod's host name: its own field, else its name cut to what Linux takes. */
export function hostnameOf(pod: Pod): string {
  const name = pod.spec.hostname ?? pod.metadata.name;
  const cut = name.slice(0, 63).replace(/[-.]+$/, '');
  const domain = domainOf(pod);
  return pod.spec.setHostnameAsFQDN === true && domain !== '' ? `${cut}.${domain}` : cut;
}

/** `subdomain.namespace.svc`, without the cluster's domain; '' without a subdomain. */
const domainOf = (pod: Pod): string =>
  pod.spec.subdomain === undefined || pod.spec.subdomain === ''
    ? ''
    : `${pod.spec.subdomain}.${pod.metadata.namespace}.svc`;

export interface HostsInput {
  readonly pod: Pod;
  readonly ips: readonly string[];
  readonly clusterDomain: string;
  /** The node's own /etc/hosts, shown to pods on the host's network. */
  readonly hostFile: string;
}

export function hostsFile({ pod, ips, clusterDomain, hostFile }: HostsInput): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`);
  const added = aliases.length === 0 ? [] : ['', '# Entries added by HostAliases.', ...aliases];
  if (pod.spec.hostNetwork === true) return [hostFile.trimEnd(), ...added, ''].join('\n');
  const host = pod.spec.hostname ?? hostnameOf(pod);
  const domain = domainOf(pod);
  const names = domain === '' ? host : `${host}.${domain}.${clusterDomain}\t${host}`;
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...ips.map((ip) => `${ip}\t${names}`),
    ...added,
    '',
  ].join('\n');
}

export interface ResolvInput {
  readonly pod: Pod;
  readonly clusterServers: readonly string[];
  readonly clusterDomain: string;
  /** The node's own /etc/resolv.conf. */
  readonly hostFile: string;
}

interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

const maxNameservers = 3;
const maxSearches = 32;

/** By dnsPolicy, then extended by dnsConfig, as kubelet's network/dns does. */
export function resolvConf(input: ResolvInput): string {
  const base = byPolicy(input);
  const { nameservers = [], searches = [], options = [] } = input.pod.spec.dnsConfig ?? {};
  const extra = options.map(({ name, value }) => ({ name, text: value === undefined ? name : `${name}:${value}` }));
  const overridden = new Set(extra.map(({ name }) => name));
  const kept = base.options.filter((option) => !overridden.has(option.split(':')[0]));
  return render({
    nameservers: [...new Set([...base.nameservers, ...nameservers])].slice(0, maxNameservers),
    searches: [...new Set([...base.searches, ...searches])].slice(0, maxSearches),
    options: [...kept, ...extra.map(({ text }) => text ?? '')],
  });
}

function byPolicy({ pod, clusterServers, clusterDomain, hostFile }: ResolvInput): ResolvConf {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  const host = parseResolvConf(hostFile);
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec.hostNetwork !== true);
  if (!cluster || clusterServers.length === 0) return host;
  const { namespace } = pod.metadata;
  return {
    nameservers: clusterServers,
    searches: [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...host.searches],
    options: ['ndots:5'],
  };
}

function parseResolvConf(text: string): ResolvConf {
  const values = (keyword: string): string[][] =>
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .map(([, ...rest]) => rest);
  return {
    nameservers: values('nameserver').flatMap(([server]) => (server === undefined ? [] : [server])),
    searches: (values('search').at(-1) ?? []).filter((domain) => domain !== '.'),
    options: values('options').flat(),
  };
}

function render({ nameservers, searches, options }: ResolvConf): string {
  const lines = nameservers.map((server) => `nameserver ${server}`);
  if (searches.length > 0) lines.push(`search ${searches.join(' ')}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}
