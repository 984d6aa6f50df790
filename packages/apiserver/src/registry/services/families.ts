/** `ipFamilies` and `ipFamilyPolicy` as a cluster of one address family shows them. */
import { field, invalid, type JsonObject } from '@skiff/api';
import { childObject, listAt, own, put, textAt } from '../../patch/values.ts';
import { nameOf } from '../meta.ts';
import { hasClusterIP } from '../strategies/services.ts';

/** Fills both fields. Throws Invalid for what only a dual-stack cluster has. */
export function settleFamilies(service: JsonObject, family: 'IPv4' | 'IPv6'): void {
  if (!hasClusterIP(service)) return;
  const spec = childObject(service, 'spec');
  const isHeadless = textAt(spec, 'clusterIP') === 'None' || listAt(spec, 'clusterIPs')[0] === 'None';
  const hasSelector = Object.keys(own(spec, 'selector') ?? {}).length > 0;
  // Whoever fills a headless service's endpoints by hand may use any family.
  if (!(isHeadless && !hasSelector)) refuseSecondFamily(service, family);
  if (listAt(spec, 'ipFamilies').length === 0) put(spec, 'ipFamilies', [family]);
  if (textAt(spec, 'ipFamilyPolicy') === '') {
    put(spec, 'ipFamilyPolicy', listAt(spec, 'ipFamilies').length > 1 ? 'RequireDualStack' : 'SingleStack');
  }
}

function refuseSecondFamily(service: JsonObject, family: 'IPv4' | 'IPv6'): void {
  const faults = [];
  const policy = textAt(service, 'spec', 'ipFamilyPolicy');
  if (policy === 'RequireDualStack') {
    faults.push(field.invalid('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services'));
  }
  for (const [index, asked] of listAt(service, 'spec', 'ipFamilies').entries()) {
    if (asked !== family) {
      faults.push(field.invalid(`spec.ipFamilies[${index}]`, asked, 'not configured on this cluster'));
    }
  }
  if (faults.length > 0) throw invalid({ group: '', kind: 'Service' }, nameOf(service), faults);
}
