/** Node and Namespace. */
import { GoText, goStruct } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkLabelValue, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Namespace, Node, NodeSpec, Taint } from '../kinds/types.ts';
import { cidrMessage, ipFamily, isCidr } from './ip.ts';
import { addStandardFinalizer } from './metadata.ts';
import { addAmount } from './pod/resources.ts';
import { taintEffects } from './pod/scheduling.ts';
import { addEach, addUnsupported, entriesOf, type Faults, type Loose, repeatsOf } from './support.ts';

export function addNode(faults: Faults, node: Loose<Node>): void {
  // The path is Kubernetes' own.
  addTaints(faults, node.spec?.taints, 'metadata.taints');
  addResourceLists(faults, node);
  addPodRanges(faults, node.spec ?? {});
}

function addResourceLists(faults: Faults, { status = {} }: Loose<Node>): void {
  for (const name of ['capacity', 'allocatable'] as const) {
    for (const [resource, amount] of entriesOf(status[name])) {
      addAmount(faults, resource, amount, `status.${name}.${resource}`);
    }
  }
}

function addTaints(faults: Faults, taints: Loose<Taint[]> | undefined, path: string): void {
  const seen = new Set<string>();
  for (const [index, taint] of (taints ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { key = '', value = '' } = taint;
    addEach(faults, `${at}.key`, key, checkQualifiedName(key));
    const messages = checkLabelValue(value);
    if (messages.length > 0) faults.push(field.invalid(`${at}.value`, value, messages.join(';')));
    addUnsupported(faults, `${at}.effect`, taint.effect, taintEffects);
    const id = `${key}:${taint.effect}`;
    if (seen.has(id)) {
      const shown = { Key: key, Value: value, Effect: taint.effect, TimeAdded: new GoText('<nil>') };
      const duplicate = field.duplicate(at, goStruct('core.Taint', shown));
      faults.push({ ...duplicate, message: `${duplicate.message}: taints must be unique by key and effect pair` });
    }
    seen.add(id);
  }
}

function addPodRanges(faults: Faults, spec: Loose<NodeSpec>): void {
  // A range alone is the only one of them.
  const { podCIDRs = (spec.podCIDR ?? '') === '' ? [] : [spec.podCIDR ?? ''] } = spec;
  for (const [index, range] of podCIDRs.entries()) {
    if (!isCidr(range)) faults.push(field.invalid(`spec.podCIDRs[${index}]`, range, cidrMessage));
  }
  const families = new Set(podCIDRs.map((range) => ipFamily(range.split('/')[0] ?? '')));
  if (podCIDRs.length > 1 && (podCIDRs.length > 2 || families.size < 2)) {
    const why = 'may specify no more than one CIDR for each IP family';
    faults.push(field.invalid('spec.podCIDRs', podCIDRs, why));
  }
  for (const index of repeatsOf(podCIDRs)) faults.push(field.duplicate(`spec.podCIDRs[${index}]`, podCIDRs[index]));
  if (podCIDRs.length > 0 && spec.podCIDR !== undefined && spec.podCIDR !== podCIDRs[0]) {
    const why = 'may not specify different values for podCIDR and podCIDRs[0]';
    faults.push(field.invalid('spec.podCIDR', spec.podCIDR, why));
  }
}

/** Ranges and the provider's id are given once. */
export function addNodeUpdate(faults: Faults, next: Loose<Node>, previous: Loose<Node>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  addAddresses(faults, next);
  if ((old.podCIDRs ?? []).length > 0 && !deepEqual(spec.podCIDRs, old.podCIDRs)) {
    faults.push(field.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if ((old.providerID ?? '') !== '' && spec.providerID !== old.providerID) {
    faults.push(field.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  if ((spec.externalID ?? '') !== (old.externalID ?? ''))
    faults.push(field.forbidden('spec.externalID', 'may not be updated'));
}

function addAddresses(faults: Faults, { status }: Loose<Node>): void {
  const seen = new Set<string>();
  for (const [index, { type = '', address = '' }] of (status?.addresses ?? []).entries()) {
    const id = `${type}/${address}`;
    const shown = goStruct('core.NodeAddress', { Type: type, Address: address });
    if (seen.has(id)) faults.push(field.duplicate(`status.addresses[${index}]`, shown));
    seen.add(id);
  }
}

export function addNodeStatusUpdate(faults: Faults, next: Loose<Node>, previous: Loose<Node>): void {
  addResourceLists(faults, next);
  addNodeUpdate(faults, next, previous);
}

function addFinalizer(faults: Faults, finalizer: string, path: string): void {
  addEach(faults, path, finalizer, checkQualifiedName(finalizer));
  addStandardFinalizer(faults, finalizer, path);
}

export function addNamespace(faults: Faults, { spec = {} }: Loose<Namespace>): void {
  for (const finalizer of spec.finalizers ?? []) addFinalizer(faults, finalizer, 'spec.finalizers');
}

export function addNamespaceFinalize(faults: Faults, { spec = {} }: Loose<Namespace>): void {
  for (const [index, finalizer] of (spec.finalizers ?? []).entries())
    addFinalizer(faults, finalizer, `spec.finalizers[${index}]`);
}

/** The phase says whether the namespace is on its way out. The path is Kubernetes' own. */
export function addNamespaceStatus(faults: Faults, { metadata, status = {} }: Loose<Namespace>): void {
  const [phase, when] =
    metadata?.deletionTimestamp === undefined ? ['Active', 'is empty'] : ['Terminating', 'is not empty'];
  if (status.phase === phase) return;
  const why = `may only be '${phase}' if \`deletionTimestamp\` ${when}`;
  faults.push(field.invalid('status.Phase', status.phase ?? '', why));
}
