/** PersistentVolumeClaimResize: a claim grows only when it is bound, and its class allows it. */
import { compareQuantities, forbidden, type JsonObject, tryParseQuantity } from '@skiff/api';
import { at, own, textAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { readCached } from '../reader.ts';

const classes = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
const betaClass = 'volume.beta.kubernetes.io/storage-class';

export function claimResize(env: Env): AdmissionStep {
  return {
    name: 'PersistentVolumeClaimResize',
    validate({ object: claim, oldObject: old, target, operation }) {
      const isClaim = target.group === '' && target.resource === 'persistentvolumeclaims' && target.subresource === '';
      if (!isClaim || operation !== 'UPDATE' || claim === undefined || old === undefined || !grows(claim, old)) return;
      if (textAt(old, 'status', 'phase') !== 'Bound')
        throw forbidden(target, nameOf(claim), 'Only bound persistent volume claims can be expanded');
      const name = classOf(claim);
      const found = name === '' || name !== classOf(old) ? undefined : readCached(env, classes, '', name);
      if (found !== undefined && own(found, 'allowVolumeExpansion') === true) return;
      const why =
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw forbidden(target, nameOf(claim), why);
    },
  };
}

const sizeOf = (claim: JsonObject) => {
  const size = at(claim, 'spec', 'resources', 'requests', 'storage');
  return typeof size === 'string' || typeof size === 'number' ? tryParseQuantity(size) : undefined;
};

function grows(claim: JsonObject, old: JsonObject): boolean {
  const [next, before] = [sizeOf(claim), sizeOf(old)];
  return next !== undefined && before !== undefined && compareQuantities(next, before) > 0;
}

const classOf = (claim: JsonObject): string =>
  textAt(claim, 'metadata', 'annotations', betaClass) || textAt(claim, 'spec', 'storageClassName');
