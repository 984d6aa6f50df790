/** DefaultIngressClass: an Ingress that names no class gets the default one; of several the newest. */
import { childObject, objectAt, own, put, textAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { listCached } from '../reader.ts';
import { newestFirst } from './newest.ts';

const classes = { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' };
const isDefault = 'ingressclass.kubernetes.io/is-default-class';
const oldClass = 'kubernetes.io/ingress.class';

export function defaultIngressClass(env: Env): AdmissionStep {
  return {
    name: 'DefaultIngressClass',
    mutate({ object: ingress, target, operation }) {
      const isNew = operation === 'CREATE' && target.group === classes.group && target.resource === 'ingresses';
      if (!isNew || target.subresource !== '' || ingress === undefined) return;
      const spec = childObject(ingress, 'spec');
      const annotations = objectAt(ingress, 'metadata', 'annotations') ?? {};
      if (own(spec, 'ingressClassName') !== undefined || own(annotations, oldClass) !== undefined) return;
      const [first] = listCached(env, classes)
        .filter((one) => textAt(one, 'metadata', 'annotations', isDefault) === 'true')
        .sort(newestFirst);
      if (first !== undefined) put(spec, 'ingressClassName', nameOf(first));
    },
  };
}
