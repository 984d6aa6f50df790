/** The pod a Job makes. Pure. */
import type { Container, Draft, EnvVar, Job, Pod } from '@skiff/api';
import { controllerReference } from '../runtime/owners.ts';
import type { NewPod } from './decide.ts';
import { indexAnnotation, indexFailureAnnotation, trackingFinalizer } from './pods.ts';

/** `suffix`: what makes the name one of its own. */
export function draftPod(job: Job, { index, failures }: NewPod, suffix: string): Draft<Pod> {
  const { metadata, spec } = job.spec.template;
  const base = index === undefined ? `${job.metadata.name}-` : `${job.metadata.name}-${index}-`;
  const labels = { ...metadata?.labels, ...(index === undefined ? {} : { [indexAnnotation]: String(index) }) };
  const annotations = {
    ...metadata?.annotations,
    ...(index === undefined ? {} : { [indexAnnotation]: String(index) }),
    ...(failures === undefined ? {} : { [indexFailureAnnotation]: String(failures) }),
  };
  const template = spec ?? { containers: [] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${base.slice(0, 58)}${suffix}`,
      generateName: base,
      namespace: job.metadata.namespace ?? '',
      labels,
      annotations,
      finalizers: [...(metadata?.finalizers ?? []), trackingFinalizer],
      ownerReferences: [controllerReference({ ...job, apiVersion: 'batch/v1', kind: 'Job' })],
    },
    spec: index === undefined ? template : indexed(template, `${job.metadata.name}-${index}`),
  };
}

const indexVariable: EnvVar = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` } },
};

/** An Indexed pod knows its index from the environment, and has it in its host name. */
function indexed(spec: Pod['spec'], hostname: string): Pod['spec'] {
  const withIndex = (container: Container): Container =>
    (container.env ?? []).some((one) => one.name === indexVariable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), indexVariable] };
  return {
    ...spec,
    hostname,
    containers: spec.containers.map(withIndex),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndex) }),
  };
}
