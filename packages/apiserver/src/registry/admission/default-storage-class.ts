/** DefaultStorageClass: a claim that names no class gets the default one; of several the newest. */
import type { JsonObject } from '@skiff/api';
import { childObject, own, put, textAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { listCached } from '../reader.ts';
import { newestFirst } from './newest.ts';

const classes = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' };
const annotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export function defaultStorageClass(env: Env): AdmissionStep {
  return {
    name: 'DefaultStorageClass',
    mutate({ object: claim, target, operation }) {
      const isNewClaim = operation === 'CREATE' && target.group === '' && target.resource === 'persistentvolumeclaims';
      if (!isNewClaim || target.subresource !== '' || claim === undefined) return;
      const spec = childObject(claim, 'spec');
      const named = textAt(claim, 'metadata', 'annotations', 'volume.beta.kubernetes.io/storage-class');
      // An empty class is a choice too: no class at all.
      if (own(spec, 'storageClassName') !== undefined || named !== '') return;
      const [first] = listCached(env, classes).filter(isDefault).sort(newestFirst);
      if (first !== undefined) put(spec, 'storageClassName', nameOf(first));
    },
  };
}

const isDefault = (object: JsonObject): boolean =>
  annotations.some((key) => textAt(object, 'metadata', 'annotations', key) === 'true');
