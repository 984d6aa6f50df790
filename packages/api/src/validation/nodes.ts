/** Node and Namespace. */
import { deepEqual } from '../algebra/hash.ts';
import { checkLabelValue, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Namespace, Node, NodeSpec, Taint } from '../kinds/types.ts';
import { cidrMessage, ipFamily, isCidr } from './ip.ts';
import { addAmount, addResourceName } from './pod/resources.ts';
import { taintEffects } from './pod/scheduling.ts';
import { addEach, addUnsupported, entriesOf, type Faults, type Loose } from './support.ts';

export function addNode(faults: Faults, node: Loose<Node>): void {
  addTaints(faults, node.spec?.taints, 'spec.taints');
  addPodRanges(faults, node.spec ?? {});
  addResourceLists(faults, node);
}

function addResourceLists(faults: Faults, { status = {} }: Loose<Node>): void {
  for (const name of ['capacity', 'allocatable'] as const) {
    for (const [resource, amount] of entriesOf(status[name])) {
      addResourceName(faults, resource, `status.${name}`);
      addAmount(faults, resource, amount, `status.${name}[${resource}]`);
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
      const duplicate = field.duplicate(at, taint);
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
  for (const [index, range] of podCIDRs.entries())
    if (podCIDRs.indexOf(range) < index) faults.push(field.duplicate(`spec.podCIDRs[${index}]`, range));
  if (podCIDRs.length > 0 && spec.podCIDR !== undefined && spec.podCIDR !== podCIDRs[0]) {
    const why = 'may not specify different values for podCIDR and podCIDRs[0]';
    faults.push(field.invalid('spec.podCIDR', spec.podCIDR, why));
  }
}

/** Of a node's spec only taints and the unschedulable mark change; ranges and the provider's id are given once. */
export function addNodeUpdate(faults: Faults, next: Loose<Node>, previous: Loose<Node>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  if ((old.podCIDRs ?? []).length > 0 && !deepEqual(spec.podCIDRs, old.podCIDRs)) {
    faults.push(field.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if ((old.providerID ?? '') !== '' && spec.providerID !== old.providerID) {
    faults.push(field.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  const fixed = ({
    podCIDR: _,
    podCIDRs: __,
    providerID: ___,
    taints: ____,
    unschedulable: _____,
    ...rest
  }: Loose<NodeSpec>) => rest;
  if (!deepEqual(fixed(spec), fixed(old))) {
    faults.push(field.forbidden('[]', 'node updates may only change labels, taints, or capacity'));
  }
}

export function addNamespace(faults: Faults, { spec = {} }: Loose<Namespace>): void {
  for (const finalizer of spec.finalizers ?? []) {
    addEach(faults, 'spec.finalizers', finalizer, checkQualifiedName(finalizer));
    if (!finalizer.includes('/') && finalizer !== 'kubernetes') {
      faults.push(
        field.invalid(
          'spec.finalizers',
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
    }
  }
}
