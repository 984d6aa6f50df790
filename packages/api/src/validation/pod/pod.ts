/** Pods as such, and new ones. */
import { field } from '../../errors.ts';
import type { Pod } from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';
import { addPodAnnotations, addProfileAnnotations } from './annotations.ts';
import { addPodSpec } from './spec.ts';
import { containersOf } from './system.ts';

export function addPod(faults: Faults, pod: Loose<Pod>): void {
  const spec = pod.spec ?? {};
  addPodAnnotations(faults, pod, 'metadata.annotations');
  addPodSpec(faults, spec, 'spec', pod.metadata?.name ?? '');
  if ((spec.serviceAccountName ?? '') === '') addTokensOfNobody(faults, pod);
  for (const [{ image = '' }, at] of containersOf(spec, 'spec')) {
    if (image.trim() === image) continue;
    faults.push(field.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace'));
  }
}

/** Templates get their account in their pods; a pod without any has no tokens. */
function addTokensOfNobody(faults: Faults, pod: Loose<Pod>): void {
  for (const [index, { projected }] of (pod.spec?.volumes ?? []).entries()) {
    for (const [place, source] of (projected?.sources ?? []).entries()) {
      if (source.serviceAccountToken === undefined) continue;
      const at = `spec.volumes[${index}].projected.sources[${place}].serviceAccountToken`;
      faults.push(field.forbidden(at, 'must not be specified when serviceAccountName is not set'));
    }
  }
}

/** New pods have no ephemeral containers: those come through their own subresource. */
export function addNewPod(faults: Faults, pod: Loose<Pod>): void {
  addPod(faults, pod);
  const { ephemeralContainers = [], schedulingGates = [], nodeName = '' } = pod.spec ?? {};
  if (ephemeralContainers.length > 0)
    faults.push(field.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (nodeName !== '' && schedulingGates.length > 0) {
    faults.push(field.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  addProfileAnnotations(faults, pod, 'spec');
}
