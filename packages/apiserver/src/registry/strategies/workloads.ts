/** Kinds that make pods from a template: deployments, replica sets, stateful sets, daemon sets, replication controllers. */
import type { JsonObject } from '@skiff/api';
import { childObject, numberAt, objectAt, own, put, same, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { metaOf, putOrDelete } from '../meta.ts';
import { holdsPodSpec } from './pod-spec.ts';
import { countGeneration, standard } from './standard.ts';

const template = ['spec', 'template', 'spec'];

/** A changed annotation is a new generation too: rollouts are steered by annotations. */
export const deployments: Strategy = holdsPodSpec(
  template,
  standard(
    { status: {} },
    {
      prepareForCreate: (object) => put(metaOf(object), 'generation', 1),
      prepareForUpdate(object, old) {
        countGeneration(object, old, ['spec']);
        const annotations = (of: JsonObject) => own(metaOf(of), 'annotations') ?? {};
        const counted = !same(own(object, 'spec'), own(old, 'spec'));
        if (!counted && !same(annotations(object), annotations(old))) {
          put(metaOf(object), 'generation', (numberAt(old, 'metadata', 'generation') ?? 0) + 1);
        }
      },
      prepareForStatusUpdate: (object, old) => putOrDelete(metaOf(object), 'labels', own(metaOf(old), 'labels')),
    },
  ),
);

const byReplicas: Pick<Strategy, 'selectablePaths' | 'selectableFields'> = {
  selectablePaths: [['status', 'replicas']],
  selectableFields: (object) => ({
    'status.replicas': String(numberAt(object as JsonObject, 'status', 'replicas') ?? 0),
  }),
};

export const replicaSets: Strategy = holdsPodSpec(
  template,
  standard({ status: { replicas: 0 }, generation: ['spec'] }, byReplicas),
);

export const replicationControllers: Strategy = holdsPodSpec(
  template,
  standard({ status: { replicas: 0 }, generation: ['spec'] }, { ...byReplicas, defaultPropagation: 'Orphan' }),
);

export const statefulSets: Strategy = holdsPodSpec(
  template,
  standard({ status: { replicas: 0, availableReplicas: 0 }, generation: ['spec'] }),
);

const templateGeneration = 'deprecated.daemonset.template.generation';

/** Old clients read the template's own generation from an annotation. */
export const daemonSets: Strategy = holdsPodSpec(
  template,
  standard(
    {
      status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
      generation: ['spec'],
    },
    {
      prepareForCreate: (object) => put(childObject(metaOf(object), 'annotations'), templateGeneration, '1'),
      prepareForUpdate(object, old) {
        const before = Number(textAt(old, 'metadata', 'annotations', templateGeneration)) || 0;
        const changed = !same(objectAt(object, 'spec', 'template'), objectAt(old, 'spec', 'template'));
        put(childObject(metaOf(object), 'annotations'), templateGeneration, String(changed ? before + 1 : before));
      },
    },
  ),
);

export const podTemplates: Strategy = holdsPodSpec(
  ['template', 'spec'],
  standard({ generation: ['template'] }, { returnsDeletedObject: true }),
);
