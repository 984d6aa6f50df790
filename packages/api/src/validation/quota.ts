/** ResourceQuota. */
import { goList } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { field } from '../errors.ts';
import type { QuantityValue, ResourceQuota, ResourceQuotaSpec } from '../kinds/types.ts';
import { addAmount, addQuotaResourceName, isQuotaResource } from './pod/resources.ts';
import { entriesOf, type Faults, immutableMessage, type Loose } from './support.ts';

const scopes = [
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
];
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

/** What a scope of pods may be put on, without a domain. */
const podCounts = new Set(['pods']);
const podResources = new Set([
  'pods',
  ...['', 'requests.', 'limits.'].flatMap((list) => [`${list}cpu`, `${list}memory`]),
]);

function canScope(scope: string, resource: string): boolean {
  if (!scopes.includes(scope) || !isQuotaResource(resource)) return true;
  return (scope === 'BestEffort' ? podCounts : podResources).has(resource);
}

export function addResourceQuota(faults: Faults, quota: Loose<ResourceQuota>): void {
  const { spec = {} } = quota;
  addAmounts(faults, spec.hard, 'spec.hard');
  const given = spec.scopes ?? [];
  const refuse = (why: string): void =>
    void faults.push(field.invalid('spec.scopes', goList('core.ResourceQuotaScope', spec.scopes), why));
  const names = Object.keys(spec.hard ?? {}).sort();
  for (const scope of given) {
    if (!scopes.includes(scope)) refuse('unsupported scope');
    for (const name of names) if (!canScope(scope, name)) refuse('unsupported scope applied to resource');
  }
  if (areOpposed(given)) refuse('conflicting scopes');
  addScopeSelector(faults, spec, names);
  addResourceQuotaStatus(faults, quota);
}

const areOpposed = (given: readonly string[]): boolean =>
  opposites.some(([one, other]) => given.includes(one) && given.includes(other));

export function addResourceQuotaStatus(faults: Faults, { status = {} }: Loose<ResourceQuota>): void {
  addAmounts(faults, status.hard, 'status.hard');
  addAmounts(faults, status.used, 'status.used');
}

function addAmounts(faults: Faults, list: List | undefined, path: string): void {
  for (const [name, amount] of entriesOf(list)) {
    addQuotaResourceName(faults, name, `${path}[${name}]`);
    addAmount(faults, name, amount, `${path}[${name}]`);
  }
}

const onlyExists =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

function addScopeSelector(faults: Faults, spec: Loose<ResourceQuotaSpec>, names: readonly string[]): void {
  const path = 'spec.scopeSelector.matchExpressions';
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName = '', operator = '', values = [] } of requirements) {
    if (!scopes.includes(scopeName)) faults.push(field.invalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
    for (const name of names) {
      if (canScope(scopeName, name)) continue;
      faults.push(field.invalid(path, spec.scopeSelector, 'unsupported scope applied to resource'));
    }
    if (scopes.includes(scopeName) && scopeName !== 'PriorityClass' && operator !== 'Exists')
      faults.push(field.invalid(`${path}.operator`, operator, onlyExists));
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
        faults.push(field.required(`${path}.values`, why));
      }
    } else if (operator !== 'Exists' && operator !== 'DoesNotExist') {
      faults.push(field.invalid(`${path}.operator`, operator, 'not a valid selector operator'));
    } else if (values.length > 0) {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      faults.push(field.invalid(`${path}.values`, values, why));
    }
  }
  if (areOpposed(requirements.map(({ scopeName = '' }) => scopeName)))
    faults.push(field.invalid(path, goList('core.ResourceQuotaScope', spec.scopes), 'conflicting scopes'));
}

export function addResourceQuotaUpdate(
  faults: Faults,
  next: Loose<ResourceQuota>,
  previous: Loose<ResourceQuota>,
): void {
  const sorted = (quota: Loose<ResourceQuota>): string[] => [...new Set(quota.spec?.scopes)].sort();
  if (!deepEqual(sorted(next), sorted(previous))) {
    faults.push(field.invalid('spec.scopes', goList('core.ResourceQuotaScope', next.spec?.scopes), immutableMessage));
  }
}

type List = Readonly<Record<string, QuantityValue | undefined>>;
