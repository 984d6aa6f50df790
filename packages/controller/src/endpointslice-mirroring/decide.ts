/** The EndpointSlices that mirror an Endpoints object somebody else keeps. Pure. Rules: Kubernetes' endpointslicemirroring controller. */
import {
  canonicalJson,
  type Endpoint,
  type EndpointAddress,
  type EndpointSlice,
  type Endpoints,
  type Service,
} from '@skiff/api';
import { headlessLabel, managedByLabel, serviceNameLabel } from '../endpointslice/decide.ts';
import { type Filled, packSlices, type SlicePlan } from '../endpointslice/pack.ts';
import { controllerReference } from '../runtime/owners.ts';

export const mirroredBy = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);
/** --mirroring-max-endpoints-per-subset. */
const maxPerSubset = 1000;

/** Endpoints are mirrored for a Service without selector, unless they opt out or are really a leader's record. */
export const isMirrored = (endpoints: Endpoints, service: Service): boolean =>
  service.spec.type !== 'ExternalName' &&
  Object.keys(service.spec.selector ?? {}).length === 0 &&
  endpoints.metadata.labels?.[skipLabel] !== 'true' &&
  endpoints.metadata.annotations?.[leaderAnnotation] === undefined;

export function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[]): SlicePlan {
  const groups = new Map<string, Filled>();
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map((port) => ({
      ...port,
      name: port.name ?? '',
      protocol: port.protocol ?? 'TCP',
    }));
    const addresses = [
      ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
      ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
    ];
    for (const { address, ready } of addresses.slice(0, maxPerSubset)) {
      const addressType = address.ip.includes(':') ? 'IPv6' : 'IPv4';
      const key = canonicalJson([addressType, ports]);
      const group = groups.get(key) ?? { addressType, ports, endpoints: [] };
      group.endpoints.push(toEndpoint(address, ready));
      groups.set(key, group);
    }
  }
  const { name, namespace = '', annotations = {} } = endpoints.metadata;
  const { [headlessLabel]: _, ...labels } = endpoints.metadata.labels ?? {};
  const frame = {
    prefix: `${name}-`,
    namespace,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroredBy },
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !notCopied.has(key))),
    owner: controllerReference({ ...endpoints, apiVersion: 'v1', kind: 'Endpoints' }),
  };
  return packSlices(frame, [...groups.values()], existing);
}

const toEndpoint = (address: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [address.ip],
  conditions: { ready },
  ...(address.hostname === undefined ? {} : { hostname: address.hostname }),
  ...(address.nodeName === undefined ? {} : { nodeName: address.nodeName }),
  ...(address.targetRef === undefined ? {} : { targetRef: address.targetRef }),
});
