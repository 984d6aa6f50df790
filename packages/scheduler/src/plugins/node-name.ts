/** A pod that names its node goes nowhere else. */
import type { FilterPlugin } from '../framework/types.ts';
import { refuseForGood } from '../framework/types.ts';

export const nodeName: FilterPlugin = {
  name: 'NodeName',
  prepareFilter(pod) {
    const wanted = pod.spec.nodeName;
    if (wanted === undefined || wanted === '') return undefined;
    return ({ node }) =>
      node.metadata.name === wanted ? undefined : refuseForGood("node(s) didn't match the requested node name");
  },
};
