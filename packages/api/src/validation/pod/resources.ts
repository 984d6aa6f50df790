/** Requests and limits of containers (ValidateResourceRequirements). */
import { checkQualifiedName } from '../../algebra/names.ts';
import { compareQuantities, type Quantity, tryParseQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type { ContainerResizePolicy, QuantityValue, ResourceRequirements } from '../../kinds/types.ts';
import { addEach, addUnsupported, entriesOf, type Faults, type Loose, nonNegativeMessage } from '../support.ts';

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

/** Resources a quota may name without a domain: the standard ones but for plain storage. */
export const isQuotaResource = (name: string): boolean =>
  (standardResources.has(name) && name !== 'storage') || isQuotaHugePages(name);

const isQuotaHugePages = (name: string): boolean =>
  name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** `kubernetes.io` names, and names without a domain. */
const isNative = (name: string): boolean =>
  !name.includes('/') || name.split('/')[0]?.endsWith('kubernetes.io') === true;
/** More of these may be promised to limits than there is; of others not. */
export const canOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

/** The name of any resource: standard, or with a domain. */
export function addResourceName(faults: Faults, name: string, path: string): void {
  const messages = checkQualifiedName(name);
  addEach(faults, path, name, messages);
  if (messages.length > 0 || name.includes('/') || standardResources.has(name) || isQuotaHugePages(name)) return;
  faults.push(field.invalid(path, name, 'must be a standard resource type or fully qualified'));
}

/** The name of a resource a quota can count. */
export function addQuotaResourceName(faults: Faults, name: string, path: string): void {
  addResourceName(faults, name, path);
  if (name.includes('/') || isQuotaResource(name)) return;
  faults.push(field.invalid(path, name, 'must be a standard resource for quota'));
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
  for (const [name, amount] of entriesOf(limits)) addNamedAmount(faults, name, amount, `${path}.limits[${name}]`);
  for (const [name, amount] of entriesOf(requests)) {
    const request = addNamedAmount(faults, name, amount, `${path}.requests[${name}]`);
    const limit = Object.hasOwn(limits, name) ? tryParseQuantity(limits[name] ?? '') : undefined;
    if (limit === undefined) {
      if (!canOvercommit(name)) {
        faults.push(field.required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      }
    } else if (request !== undefined)
      addAboveLimit(faults, name, request, limit, String(amount), `${limits[name]}`, `${path}.requests`);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory'))
    faults.push(field.forbidden(path, 'HugePages require cpu or memory'));
}

/** Huge pages are had whole. */
function addNamedAmount(faults: Faults, name: string, amount: QuantityValue, path: string): Quantity | undefined {
  addContainerResourceName(faults, name, path);
  const quantity = addAmount(faults, name, amount, path);
  const page = isHugePages(name) ? tryParseQuantity(name.slice('hugepages-'.length)) : undefined;
  const isWhole = page === undefined || page.nano <= 0n || (quantity?.nano ?? 0n) % page.nano === 0n;
  if (!isWhole) {
    faults.push(field.invalid(path, String(amount), `${amount} is not positive integer multiple of ${name}`));
  }
  return quantity;
}

const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

/** What a change of a resource asks of the container. */
export function addResizePolicy(
  faults: Faults,
  policies: Loose<ContainerResizePolicy[]> | undefined,
  podPolicy: string | undefined,
  path: string,
): void {
  const names = new Set<string>();
  for (const [index, { resourceName = '', restartPolicy }] of (policies ?? []).entries()) {
    if (names.has(resourceName)) faults.push(field.duplicate(`${path}[${index}]`, resourceName));
    names.add(resourceName);
    addUnsupported(faults, path, resourceName, resizable);
    addUnsupported(faults, path, restartPolicy, resizePolicies);
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      faults.push(field.invalid(path, restartPolicy ?? '', why));
    }
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
