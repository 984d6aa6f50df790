/**
 * DenyServiceExternalIPs: whoever may make a Service could take any address' traffic with `externalIPs` (CVE-2020-8554), so no new
 * ones are taken; what a Service has it keeps.
 */
import { forbidden, type JsonObject } from '@skiff/api';
import { listAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';
import { nameOf } from '../meta.ts';

const addressesOf = (service: JsonObject | undefined) =>
  service === undefined ? [] : listAt(service, 'spec', 'externalIPs');

export const externalIPs: AdmissionStep = {
  name: 'DenyServiceExternalIPs',
  validate({ target, object: service, oldObject: old }) {
    if (target.group !== '' || target.resource !== 'services' || target.subresource !== '' || service === undefined)
      return;
    const kept = new Set(addressesOf(old));
    if (addressesOf(service).every((address) => kept.has(address))) return;
    throw forbidden(target, nameOf(service), 'Use of external IPs is denied by admission control');
  },
};
