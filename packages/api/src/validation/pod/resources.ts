/** Requests and limits of containers (ValidateResourceRequirements). */
import { checkQualifiedName } from '../../algebra/names.ts';
import { compareQuantities, type Quantity, tryParseQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type { QuantityValue, ResourceRequirements } from '../../kinds/types.ts';
import { addEach, entriesOf, type Faults, type Loose, nonNegativeMessage } from '../support.ts';

type ResourceMap = Readonly<Record<string, QuantityValue | undefined>>;

const containerResources = ['cpu', 'memory', 'ephemeral-storage'];
/** Resources a quota or limit range may name without a domain. */
const standardResources = new Set([
  ...containerResources,
  'storage',
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** `kubernetes.io` names, and names without a domain. */
const isNative = (name: string): boolean =>
  !name.includes('/') || name.split('/')[0]?.endsWith('kubernetes.io') === true;
/** More of these may be promised to limits than there is; of others not. */
const canOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

/** The name of any resource: standard, or with a domain. */
export function addResourceName(faults: Faults, name: string, path: string): void {
  addEach(faults, path, name, checkQualifiedName(name));
  if (name.includes('/') || standardResources.has(name)) return;
  if (isHugePages(name) || name.startsWith('requests.hugepages-') || name.startsWith('count/')) return;
  faults.push(field.invalid(path, name, 'must be a standard resource type or fully qualified'));
}

/** The name of a resource a container can ask for. */
export function addContainerResourceName(faults: Faults, name: string, path: string): void {
  addResourceName(faults, name, path);
  if (!name.includes('/')) {
    if (!containerResources.includes(name) && !isHugePages(name)) {
      faults.push(field.invalid(path, name, 'must be a standard resource for containers'));
    }
  } else if (!isNative(name) && (name.startsWith('requests.') || checkQualifiedName(`requests.${name}`).length > 0)) {
    faults.push(field.invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

/** An amount of a resource: not negative, and whole where halves make no sense. */
export function addAmount(faults: Faults, name: string, text: QuantityValue, path: string): Quantity | undefined {
  const quantity = tryParseQuantity(text);
  if (quantity === undefined) return undefined;
  if (quantity.nano < 0n) faults.push(field.invalid(path, String(text), nonNegativeMessage));
  const isWhole = quantity.nano % 1_000_000_000n === 0n;
  if (isCounted(name) && !isWhole) faults.push(field.invalid(path, String(text), 'must be an integer'));
  return quantity;
}

const counted = ['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps'];
const isCounted = (name: string): boolean =>
  counted.includes(name) ||
  name === 'persistentvolumeclaims' ||
  name.startsWith('services.') ||
  (name.includes('/') && !isNative(name));

/** `limits` and `requests`, each alone and against each other. */
export function addResources(faults: Faults, resources: Loose<ResourceRequirements> | undefined, path: string): void {
  if (resources === undefined) return;
  const limits: ResourceMap = resources.limits ?? {};
  const requests: ResourceMap = resources.requests ?? {};
  for (const [name, amount] of entriesOf(limits)) {
    const at = `${path}.limits[${name}]`;
    addContainerResourceName(faults, name, at);
    addAmount(faults, name, amount, at);
  }
  for (const [name, amount] of entriesOf(requests)) {
    const at = `${path}.requests[${name}]`;
    addContainerResourceName(faults, name, at);
    const request = addAmount(faults, name, amount, at);
    const limit = Object.hasOwn(limits, name) ? tryParseQuantity(limits[name] ?? '') : undefined;
    if (limit === undefined) {
      if (!canOvercommit(name)) {
        faults.push(field.required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      }
    } else if (request !== undefined)
      addAboveLimit(faults, name, request, limit, String(amount), `${limits[name]}`, `${path}.requests`);
  }
}

function addAboveLimit(
  faults: Faults,
  name: string,
  request: Quantity,
  limit: Quantity,
  requestText: string,
  limitText: string,
  path: string,
): void {
  const order = compareQuantities(request, limit);
  if (!canOvercommit(name) && order !== 0) {
    faults.push(field.invalid(path, requestText, `must be equal to ${name} limit of ${limitText}`));
  } else if (order > 0) {
    faults.push(field.invalid(path, requestText, `must be less than or equal to ${name} limit of ${limitText}`));
  }
}
