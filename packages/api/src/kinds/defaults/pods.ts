/** Defaults of pods and pod templates that need more than a constant (pkg/apis/core/v1/defaults.go). */
import type { Container, EphemeralContainer, Pod, PodSpec, Volume } from '../types.ts';
import { roundResources, withResourcesOf } from './resources.ts';

/** What every pod spec gets, in pods and in templates alike. */
export function defaultPodSpec(spec: PodSpec | undefined): void {
  if (spec === undefined) return;
  const containers: (Container | EphemeralContainer)[] = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) {
    container.imagePullPolicy ??= pullPolicyOf(container.image ?? '');
    roundResources(container.resources?.limits, container.resources?.requests);
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  roundResources(spec.overhead);
}

/** What pods get, and templates do not. */
export function defaultPod(pod: Pod): void {
  const { spec } = pod;
  defaultPodSpec(spec);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const { resources } = container;
    if (resources?.limits !== undefined) {
      resources.requests = withResourcesOf(resources.requests, resources.limits);
    }
    if (spec.hostNetwork !== true) continue;
    for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
  spec.enableServiceLinks ??= true;
}

/** A moving tag is pulled each time, a fixed one only when it is missing. */
function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  return tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

/** The tag of an image name: `latest` when it has neither tag nor digest, '' when there is a digest alone or no name. */
export function tagOf(image: string): string {
  const at = image.indexOf('@');
  const name = at < 0 ? image : image.slice(0, at);
  const colon = name.lastIndexOf(':');
  if (colon > name.lastIndexOf('/')) return name.slice(colon + 1);
  return at < 0 && name !== '' ? 'latest' : '';
}

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  if (volume.image !== undefined) volume.image.pullPolicy ??= pullPolicyOf(volume.image.reference ?? '');
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec?.resources;
  roundResources(claim?.limits, claim?.requests);
}
