/** Pods: phase and QoS class at birth, graceful deletion, and the fields schedulers and node agents select by. */
import { formatTime, type JsonObject, type Pod } from '@skiff/api';
import { qosClassOf } from '@skiff/api/quota';
import { listAt, numberAt, objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { keepAllButStatus } from '../keep.ts';
import { metaOf, putOrDelete } from '../meta.ts';
import { holdsPodSpec } from './pod-spec.ts';

export const pods: Strategy = holdsPodSpec(['spec'], {
  returnsDeletedObject: true,

  normalise(object) {
    settlePodIPs(object);
  },

  prepareForCreate(object, nowMs) {
    const gated = listAt(object, 'spec', 'schedulingGates').length > 0;
    put(object, 'status', {
      phase: 'Pending',
      ...(gated ? { conditions: [waitingForGates(nowMs)] } : {}),
      qosClass: qosClassOf(object as unknown as Pod),
    });
  },

  prepareForUpdate(object, old) {
    putOrDelete(object, 'status', own(old, 'status'));
  },

  prepareForStatusUpdate(object, old) {
    keepAllButStatus(object, old);
    delete metaOf(object).deletionTimestamp;
    putOrDelete(metaOf(object), 'ownerReferences', own(metaOf(old), 'ownerReferences'));
    const status = objectAt(object, 'status');
    if (status !== undefined) putOrDelete(status, 'qosClass', own(objectAt(old, 'status') ?? {}, 'qosClass'));
  },

  gracePeriodSeconds(object, requested) {
    const phase = textAt(object, 'status', 'phase');
    // Nobody runs it: there is nothing to wait for.
    if (textAt(object, 'spec', 'nodeName') === '' || phase === 'Failed' || phase === 'Succeeded') return 0;
    const seconds = requested ?? numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 0;
    return seconds < 0 ? 1 : seconds;
  },

  selectablePaths: [
    ...['nodeName', 'restartPolicy', 'schedulerName', 'serviceAccountName', 'hostNetwork'].map((name) => [
      'spec',
      name,
    ]),
    ...['phase', 'podIP', 'podIPs', 'nominatedNodeName'].map((name) => ['status', name]),
  ],
  selectableFields(object) {
    const pod = object as JsonObject;
    const fields: Record<string, string> = {
      'spec.nodeName': textAt(pod, 'spec', 'nodeName'),
      'spec.restartPolicy': textAt(pod, 'spec', 'restartPolicy'),
      'spec.schedulerName': textAt(pod, 'spec', 'schedulerName'),
      'spec.serviceAccountName': textAt(pod, 'spec', 'serviceAccountName'),
      'spec.hostNetwork': String(own(objectAt(pod, 'spec') ?? {}, 'hostNetwork') === true),
      'status.phase': textAt(pod, 'status', 'phase'),
      'status.podIP': textAt(pod, 'status', 'podIP'),
      'status.podIPs': objectsAt(pod, 'status', 'podIPs')
        .map((each) => textAt(each, 'ip'))
        .join(','),
      'status.nominatedNodeName': textAt(pod, 'status', 'nominatedNodeName'),
    };
    return fields;
  },
});

const waitingForGates = (nowMs: number): JsonObject => ({
  type: 'PodScheduled',
  status: 'False',
  lastProbeTime: null,
  lastTransitionTime: formatTime(nowMs),
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
});

/** `status.podIP` and the first of `status.podIPs` are one thing; a writer may know only one of them. */
function settlePodIPs(object: JsonObject): void {
  const status = objectAt(object, 'status');
  if (status === undefined) return;
  const first = textAt(objectsAt(status, 'podIPs')[0], 'ip');
  const single = textAt(status, 'podIP');
  if (single !== '' && first !== single) put(status, 'podIPs', [{ ip: single }]);
  else if (single === '' && first !== '') put(status, 'podIP', first);
}
