/** The resource claims of a pod: each named once, each one claim or one template. */
import { checkDns1123Label, checkDns1123Subdomain } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { PodSpec } from '../../kinds/types.ts';
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
      faults.push(field.required(at, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    if (one !== undefined) addEach(faults, `${at}.resourceClaimName`, one, checkDns1123Subdomain(one));
    if (template !== undefined)
      addEach(faults, `${at}.resourceClaimTemplateName`, template, checkDns1123Subdomain(template));
  }
}
