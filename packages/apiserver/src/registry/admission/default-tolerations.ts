/** DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or out of reach, unless it says otherwise. */
import type { JsonObject } from '@skiff/api';
import { childObject, listAt, objectsAt, put, textAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';

const seconds = 300;
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerations: AdmissionStep = {
  name: 'DefaultTolerationSeconds',
  mutate({ object: pod, target, operation }) {
    const isPod = target.group === '' && target.resource === 'pods' && target.subresource === '';
    if (!isPod || pod === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const spec = childObject(pod, 'spec');
    const given = objectsAt(spec, 'tolerations');
    const missing = taints.filter((key) => !given.some((toleration) => covers(toleration, key)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: seconds,
    }));
    put(spec, 'tolerations', [...listAt(spec, 'tolerations'), ...added]);
  },
};

/** True when a toleration already says something of that taint's eviction. */
function covers(toleration: JsonObject, key: string): boolean {
  const effect = textAt(toleration, 'effect');
  const named = textAt(toleration, 'key');
  return (named === key || named === '') && (effect === 'NoExecute' || effect === '');
}
