/** TaintNodesByCondition: a new node takes no pods until its controller saw that it is ready. */
import { childObject, objectsAt, put, textAt } from '../../patch/values.ts';
import type { AdmissionStep } from '../contract.ts';

const key = 'node.kubernetes.io/not-ready';

export const taintNodes: AdmissionStep = {
  name: 'TaintNodesByCondition',
  mutate({ object: node, target, operation }) {
    const isNewNode = operation === 'CREATE' && target.group === '' && target.resource === 'nodes';
    if (!isNewNode || target.subresource !== '' || node === undefined) return;
    const spec = childObject(node, 'spec');
    const taints = objectsAt(spec, 'taints');
    const has = taints.some((taint) => textAt(taint, 'key') === key && textAt(taint, 'effect') === 'NoSchedule');
    if (!has) put(spec, 'taints', [...taints, { key, effect: 'NoSchedule' }]);
  },
};
