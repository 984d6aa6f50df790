/** Where a pod may run: tolerations, affinity, spreading. */
import { checkDns1123Label, checkLabelValue, checkQualifiedName } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { Affinity, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '../../kinds/types.ts';
import { addLabelSelector, addNodeSelector, addNodeSelectorTerm } from '../selectors.ts';
import { addEach, addUnsupportedIfSet, type Faults, type Loose } from '../support.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function addTolerations(faults: Faults, tolerations: Loose<Toleration[]> | undefined, path: string): void {
  for (const [index, one] of (tolerations ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { key = '', operator = '', value = '', effect = '' } = one;
    if (key !== '') addEach(faults, `${at}.key`, key, checkQualifiedName(key));
    else if (operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      faults.push(field.invalid(`${at}.operator`, operator, why));
    }
    if (one.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      faults.push(field.invalid(`${at}.effect`, effect, why));
    }
    if (operator === 'Equal' || operator === '') {
      const messages = checkLabelValue(value);
      if (messages.length > 0) faults.push(field.invalid(`${at}.operator`, value, messages.join(';')));
    } else if (operator !== 'Exists') {
      faults.push(field.notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    } else if (value !== '') {
      faults.push(field.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    }
    if (effect !== '' && !taintEffects.includes(effect)) {
      faults.push(field.notSupported(`${at}.effect`, effect, taintEffects));
    }
  }
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

export function addAffinity(faults: Faults, affinity: Loose<Affinity> | undefined, path: string): void {
  const node = affinity?.nodeAffinity;
  if (node?.[required] !== undefined) addNodeSelector(faults, node[required], `${path}.nodeAffinity.${required}`);
  for (const [index, term] of (node?.[preferred] ?? []).entries()) {
    const at = `${path}.nodeAffinity.${preferred}[${index}]`;
    addWeight(faults, term.weight ?? 0, at);
    addNodeSelectorTerm(faults, term.preference ?? {}, `${at}.preference`);
  }
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    for (const [index, term] of (affinity?.[kind]?.[required] ?? []).entries()) {
      addPodTerm(faults, term, `${path}.${kind}.${required}[${index}]`);
    }
    for (const [index, term] of (affinity?.[kind]?.[preferred] ?? []).entries()) {
      const at = `${path}.${kind}.${preferred}[${index}]`;
      addWeight(faults, term.weight ?? 0, at);
      addPodTerm(faults, term.podAffinityTerm ?? {}, `${at}.podAffinityTerm`);
    }
  }
}

function addWeight(faults: Faults, weight: number, path: string): void {
  if (weight < 1 || weight > 100) faults.push(field.invalid(`${path}.weight`, weight, 'must be in the range 1-100'));
}

function addPodTerm(faults: Faults, term: Loose<PodAffinityTerm>, path: string): void {
  addLabelSelector(faults, term.labelSelector, `${path}.labelSelector`);
  addLabelSelector(faults, term.namespaceSelector, `${path}.namespaceSelector`);
  for (const name of term.namespaces ?? []) addEach(faults, `${path}.namespace`, name, checkDns1123Label(name));
  addPodTermKeys(faults, term, path);
  const key = term.topologyKey ?? '';
  if (key === '') faults.push(field.required(`${path}.topologyKey`, 'can not be empty'));
  addEach(faults, `${path}.topologyKey`, key, checkQualifiedName(key));
}

/** Labels of the pod itself that narrow whom a term means (KEP-3633). */
function addPodTermKeys(faults: Faults, term: Loose<PodAffinityTerm>, path: string): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  for (const [name, keys] of [
    ['matchLabelKeys', matchLabelKeys],
    ['mismatchLabelKeys', mismatchLabelKeys],
  ] as const) {
    const at = `${path}.${name}`;
    if (keys.length > 0 && labelSelector === undefined) {
      faults.push(field.forbidden(at, withoutSelector));
    } else for (const [index, key] of keys.entries()) addEach(faults, `${at}[${index}]`, key, checkQualifiedName(key));
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue;
    const why = 'exists in both matchLabelKeys and mismatchLabelKeys';
    faults.push(field.invalid(`${path}.matchLabelKeys[${index}]`, key, why));
  }
}

const withoutSelector = 'must not be specified when labelSelector is not set';

export function addSpreading(
  faults: Faults,
  constraints: Loose<TopologySpreadConstraint[]> | undefined,
  path: string,
): void {
  const all = constraints ?? [];
  const twinKey = ({ topologyKey = '', whenUnsatisfiable = '' }: Loose<TopologySpreadConstraint>): string =>
    `${whenUnsatisfiable} ${topologyKey}`;
  const last = new Map(all.map((one, index) => [twinKey(one), index]));
  for (const [index, one] of all.entries()) {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', minDomains } = one;
    if (maxSkew <= 0) faults.push(field.invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (topologyKey === '') faults.push(field.required(`${at}.topologyKey`, 'can not be empty'));
    addUnsupportedIfSet(faults, `${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    if ((last.get(twinKey(one)) ?? index) > index)
      faults.push(field.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined && minDomains <= 0) {
      faults.push(field.invalid(`${at}.minDomains`, minDomains, 'must be greater than zero'));
    }
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      faults.push(field.invalid(`${at}.minDomains`, minDomains, why));
    }
    addUnsupportedIfSet(faults, `${at}.nodeAffinityPolicy`, one.nodeAffinityPolicy, ['Honor', 'Ignore']);
    addUnsupportedIfSet(faults, `${at}.nodeTaintsPolicy`, one.nodeTaintsPolicy, ['Honor', 'Ignore']);
    addSpreadingKeys(faults, one, `${at}.matchLabelKeys`);
    addLabelSelector(faults, one.labelSelector, `${at}.labelSelector`);
  }
}

/** Labels of the pod itself that narrow whom a constraint counts (KEP-3243). */
function addSpreadingKeys(faults: Faults, one: Loose<TopologySpreadConstraint>, path: string): void {
  const { matchLabelKeys = [], labelSelector } = one;
  if (matchLabelKeys.length > 0 && labelSelector === undefined) faults.push(field.forbidden(path, withoutSelector));
  const selected = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map((each) => each.key ?? ''),
  ]);
  for (const [index, key] of matchLabelKeys.entries()) {
    addEach(faults, `${path}[${index}]`, key, checkQualifiedName(key));
    if (selected.has(key))
      faults.push(field.invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
  }
}
