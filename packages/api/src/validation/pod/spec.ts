/** Pod specs and templates (ValidatePodSpec, ValidatePodTemplateSpec). */
import { checkDns1123Label, checkDns1123Subdomain, checkQualifiedName, rangeMessage } from '../../algebra/names.ts';
import { RecentTexts } from '../../algebra/recent-texts.ts';
import { field } from '../../errors.ts';
import type { PodDNSConfig, PodSpec, PodTemplateSpec, Volume } from '../../kinds/types.ts';
import { ipFamily, ipMessage } from '../ip.ts';
import { addAnnotations, addLabels } from '../metadata.ts';
import { addEach, addUnsupported, addUnsupportedIfSet, type Faults, type Loose } from '../support.ts';
import { addPodAnnotations, addProfileAnnotations } from './annotations.ts';
import { addContainers, addEphemeralContainers, addHostNetworkPorts, addInitContainers } from './containers.ts';
import { addResourceClaims } from './resource-claims.ts';
import { addResources } from './resources.ts';
import { addAffinity, addSpreading, addTolerations } from './scheduling.ts';
import { addHostUsers, addPodSecurity } from './security.ts';
import { addSystem } from './system.ts';
import { addVolumes } from './volumes.ts';
import { addHostProcesses } from './windows.ts';

const maxInt32 = 2147483647;

/** Specs without a fault: those of the pods of one template differ in nothing. */
const faultless = new RecentTexts(1024 * 1024);

/** `podName` is '' where the spec stands in a template. */
export function addPodSpec(faults: Faults, spec: Loose<PodSpec>, path: string, podName = ''): void {
  if (spec.volumes?.some(isJudgedWithPod)) return void addAll(faults, spec, path, podName);
  const text = JSON.stringify(spec);
  if (faultless.has(text)) return;
  const before = faults.length;
  addAll(faults, spec, path, podName);
  if (faults.length === before) faultless.add(text);
}

/** Of these volumes the name of the pod, or that there is one, makes a difference. */
const isJudgedWithPod = ({ ephemeral, image }: Loose<Volume>): boolean =>
  ephemeral !== undefined || image !== undefined;

function addAll(faults: Faults, spec: Loose<PodSpec>, path: string, podName: string): void {
  const volumes = addVolumes(faults, spec.volumes, podName, `${path}.volumes`);
  const scope = {
    volumes,
    claims: new Set((spec.resourceClaims ?? []).map((claim) => claim.name ?? '').filter((name) => name !== '')),
    graceSeconds: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  addResourceClaims(faults, spec.resourceClaims, `${path}.resourceClaims`);
  addContainers(faults, spec.containers, scope, `${path}.containers`);
  addInitContainers(faults, spec.initContainers, spec.containers, scope, `${path}.initContainers`);
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  addEphemeralContainers(faults, spec.ephemeralContainers, others, scope, `${path}.ephemeralContainers`);
  if (spec.hostNetwork === true) addHostNetworkPorts(faults, spec.containers, `${path}.containers`);
  addUnsupported(faults, `${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  addUnsupported(faults, `${path}.dnsPolicy`, spec.dnsPolicy, [
    'ClusterFirstWithHostNet',
    'ClusterFirst',
    'Default',
    'None',
  ]);
  addLabels(faults, spec.nodeSelector, `${path}.nodeSelector`);
  addPodSecurity(faults, spec, path);
  addAffinity(faults, spec.affinity, `${path}.affinity`);
  addDnsConfig(faults, spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`);
  addGates(faults, spec, path);
  addSpreading(faults, spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`);
  addHostProcesses(faults, spec, path);
  addHostUsers(faults, spec, path);
  addNames(faults, spec, ['serviceAccountName', 'nodeName'], path);
  addHost(faults, spec, path);
  addTolerations(faults, spec.tolerations, `${path}.tolerations`);
  addHostAliases(faults, spec, path);
  addNames(faults, spec, ['priorityClassName', 'runtimeClassName'], path);
  addUnsupportedIfSet(faults, `${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  if (spec.overhead !== undefined) addResources(faults, { limits: spec.overhead }, `${path}.overhead`);
  addSystem(faults, spec, path);
}

type NamingField = 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'runtimeClassName';

/** Names of other objects. */
function addNames(faults: Faults, spec: Loose<PodSpec>, names: readonly NamingField[], path: string): void {
  for (const name of names) {
    const value = spec[name];
    if (value !== undefined && value !== '') addEach(faults, `${path}.${name}`, value, checkDns1123Subdomain(value));
  }
}

function addHost(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > maxInt32)) {
    faults.push(field.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeMessage(1, maxInt32)));
  }
  for (const name of ['hostname', 'subdomain'] as const) {
    const value = spec[name];
    if (value !== undefined && value !== '') addEach(faults, `${path}.${name}`, value, checkDns1123Label(value));
  }
}

function addHostAliases(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${index}]`;
    if (ipFamily(alias.ip ?? '') === undefined) faults.push(field.invalid(`${at}.ip`, alias.ip ?? '', ipMessage));
    for (const [place, host] of (alias.hostnames ?? []).entries())
      addEach(faults, `${at}.hostnames[${place}]`, host, checkDns1123Subdomain(host));
  }
}

/** What a pod waits for before it is scheduled, and before it is ready. */
function addGates(faults: Faults, spec: Loose<PodSpec>, path: string): void {
  for (const [index, gate] of (spec.readinessGates ?? []).entries()) {
    const type = gate.conditionType ?? '';
    addEach(faults, `${path}.readinessGates[${index}].conditionType`, type, checkQualifiedName(type));
  }
  const gates = new Set<string>();
  for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
    const at = `${path}.schedulingGates[${index}]`;
    const name = gate.name ?? '';
    addEach(faults, at, name, checkQualifiedName(name));
    if (gates.has(name)) faults.push(field.duplicate(at, name));
    gates.add(name);
  }
}

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

function addDnsConfig(
  faults: Faults,
  config: Loose<PodDNSConfig> | undefined,
  policy: string | undefined,
  path: string,
): void {
  if (policy === 'None') {
    if (config === undefined) {
      return void faults.push(field.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    }
    if ((config.nameservers ?? []).length === 0) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return void faults.push(field.required(`${path}.nameservers`, why));
    }
  }
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (nameservers.length > maxNameservers) {
    const why = `must not have more than ${maxNameservers} nameservers`;
    faults.push(field.invalid(`${path}.nameservers`, nameservers, why));
  }
  for (const [index, server] of nameservers.entries()) {
    if (ipFamily(server) === undefined) {
      faults.push(field.invalid(`${path}.nameservers[${index}]`, server, ipMessage));
    }
  }
  if (searches.length > maxSearches) {
    faults.push(field.invalid(`${path}.searches`, searches, `must not have more than ${maxSearches} search paths`));
  }
  if (searches.join(' ').length > maxSearchCharacters) {
    const why = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    faults.push(field.invalid(`${path}.searches`, searches, why));
  }
  for (const [index, search] of searches.entries()) {
    const name = search === '.' ? 'a' : search.replace(/\.$/, '').replace(/(^|\.)_/g, '$1');
    addEach(faults, `${path}.searches[${index}]`, search, checkDns1123Subdomain(name));
  }
  for (const [index, option] of options.entries()) {
    if ((option.name ?? '') === '') faults.push(field.required(`${path}.options[${index}]`, 'must not be empty'));
  }
}

/** What a controller makes pods of. */
export function addPodTemplate(faults: Faults, template: Loose<PodTemplateSpec>, path: string): void {
  addLabels(faults, template.metadata?.labels, `${path}.labels`);
  addAnnotations(faults, template.metadata?.annotations, `${path}.annotations`);
  addPodAnnotations(faults, template, `${path}.annotations`);
  addPodSpec(faults, template.spec ?? {}, `${path}.spec`);
  addProfileAnnotations(faults, template, `${path}.spec`);
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    const why = 'ephemeral containers not allowed in pod template';
    faults.push(field.forbidden(`${path}.spec.ephemeralContainers`, why));
  }
}
