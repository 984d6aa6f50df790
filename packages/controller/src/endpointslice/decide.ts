/** The EndpointSlices a Service should have, as changes to those it has. Pure. */
import { canonicalJson, type Endpoint, type EndpointSlice, type Node, type Service } from '@skiff/api';
import { controllerReference } from '../runtime/owners.ts';
import { type Backend, hostnameOf } from './endpoints-of.ts';
import { type Filled, packSlices, type SlicePlan } from './pack.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
export const headlessLabel = 'service.kubernetes.io/headless';

/** `nodeOf`: a pod whose node is not known is left out, unless the Service publishes unready addresses too. */
export function planSlices(
  service: Service,
  backends: readonly Backend[],
  existing: readonly EndpointSlice[],
  nodeOf: (name: string) => Node | undefined,
): SlicePlan {
  const groups = new Map<string, Filled>();
  for (const backend of backends) {
    const { nodeName } = backend.pod.spec;
    const homeless = nodeName !== undefined && nodeOf(nodeName) === undefined;
    if (homeless && service.spec.publishNotReadyAddresses !== true) continue;
    const key = canonicalJson(backend.ports);
    const group: Filled = groups.get(key) ?? { addressType: 'IPv4', ports: backend.ports, endpoints: [] };
    group.endpoints.push(toEndpoint(service, backend, nodeOf));
    groups.set(key, group);
  }
  const frame = {
    prefix: `${service.metadata.name}-`,
    namespace: service.metadata.namespace ?? '',
    labels: labelsOf(service),
    annotations: {},
    owner: controllerReference({ ...service, apiVersion: 'v1', kind: 'Service' }),
  };
  const none: Filled = { addressType: 'IPv4', ports: [], endpoints: [] };
  return packSlices(frame, groups.size === 0 ? [none] : [...groups.values()], existing);
}

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {};
  return {
    ...labels,
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedBy,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
  };
}

export const isHeadless = ({ spec }: Service): boolean => (spec.clusterIP ?? '') === '' || spec.clusterIP === 'None';

function toEndpoint(service: Service, backend: Backend, nodeOf: (name: string) => Node | undefined): Endpoint {
  const { pod, ready, serving, terminating } = backend;
  const nodeName = pod.spec.nodeName;
  const zone = nodeName === undefined ? undefined : nodeOf(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
  const hostname = hostnameOf(service, pod);
  const near = service.spec.trafficDistribution === 'PreferClose' && ready && zone !== undefined;
  return {
    addresses: [backend.ip],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(near ? { hints: { forZones: [{ name: zone }] } } : {}),
    ...(hostname === undefined ? {} : { hostname }),
  };
}
