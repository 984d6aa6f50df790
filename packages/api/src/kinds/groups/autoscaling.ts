import type { Definition } from '../../definition.ts';
import { type Extras, groupVersion, status } from '../define.ts';

const v1 = groupVersion('autoscaling', 'v1', 'io.k8s.api.autoscaling.v1');
const v2 = groupVersion('autoscaling', 'v2', 'io.k8s.api.autoscaling.v2');

const shown: Extras = { shortNames: ['hpa'], categories: ['all'], subresources: [status] };

/** autoscaling/v2, which is preferred and stored, and autoscaling/v1. */
export const autoscalingKinds: readonly Definition[] = [
  v2('HorizontalPodAutoscaler', 'horizontalpodautoscalers', shown),
  v1('HorizontalPodAutoscaler', 'horizontalpodautoscalers', {
    ...shown,
    storage: {
      group: 'autoscaling',
      version: 'v2',
      resource: 'horizontalpodautoscalers',
      kind: 'HorizontalPodAutoscaler',
    },
  }),
];
