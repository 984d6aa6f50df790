/** The resource claims of a pod: each named once, each one claim or one template. */
import { checkDns1123Label, checkDns1123Subdomain } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { PodSpec, ResourceClaim } from '../../kinds/types.ts';
import { addEach, type Faults, type Loose } from '../support.ts';

export function addResourceClaims(faults: Faults, claims: Loose<PodSpec>['resourceClaims'], path: string): void {
  const names = new Set<string>();
  for (const [index, claim] of (claims ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', resourceClaimName: one, resourceClaimTemplateName: template } = claim;
    if (name === '') faults.push(field.required(`${at}.name`));
    else if (names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    else addEach(faults, `${at}.name`, name, checkDns1123Label(name));
    names.add(name);
    if (one !== undefined && template !== undefined) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      faults.push(field.invalid(at, claim, why));
    }
    if (one === undefined && template === undefined)
      faults.push(field.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (one !== undefined) addEach(faults, `${at}.resourceClaimName`, one, checkDns1123Subdomain(one));
    if (template !== undefined)
      addEach(faults, `${at}.resourceClaimTemplateName`, template, checkDns1123Subdomain(template));
  }
}

/** What a container uses of the claims its pod names: each claim whole, or requests of it, and nothing twice. */
export function addUsedClaims(
  faults: Faults,
  used: Loose<ResourceClaim[]> | undefined,
  claims: ReadonlySet<string>,
  path: string,
): void {
  const keys = new Set<string>();
  const partly = new Set<string>();
  const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
  for (const [index, { name = '', request = '' }] of (used ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (name === '') {
      faults.push(field.required(at));
      continue;
    }
    if (request !== '') addEach(faults, `${at}.request`, request, checkDns1123Label(request));
    const key = request === '' ? name : `${name}/${request}`;
    const isPartTaken = request === '' && partly.has(name);
    if (keys.has(name)) faults.push(field.duplicate(at, name));
    else if (keys.has(key) || isPartTaken) faults.push(field.duplicate(at, key));
    keys.add(key);
    if (request !== '') partly.add(name);
    if (claims.has(name)) continue;
    const unknown = field.notFound(at, name);
    const why = `must be one of the names in pod.spec.resourceClaims${known}`;
    faults.push({ ...unknown, message: `${unknown.message}: ${why}` });
  }
}
