/** Which pods stand behind a Service, and on which ports. Pure. Shared by EndpointSlices and Endpoints. */
import { type ContainerPort, matchesLabels, type Pod, type Service, type ServicePort, toSelector } from '@skiff/api';
import { isPodReady } from '../runtime/pods.ts';

/** A port as endpoints name it: the Service port's name, the pod's own number. */
export interface ResolvedPort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly appProtocol?: string;
}

/** One pod behind a Service. */
export interface Backend {
  readonly pod: Pod;
  readonly ip: string;
  /** May receive traffic: serving and not terminating, or the Service publishes unready addresses. */
  readonly ready: boolean;
  /** The pod's own readiness, terminating or not. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly ports: readonly ResolvedPort[];
}

/** Whether the controllers manage this Service's endpoints: a Service without selector has somebody else's. */
export function isManaged(service: Service): boolean {
  return (
    service.spec.type !== 'ExternalName' &&
    service.spec.selector !== undefined &&
    Object.keys(service.spec.selector).length > 0
  );
}

export function selectsPod(service: Service, pod: Pod): boolean {
  return (
    isManaged(service) &&
    matchesLabels(toSelector({ matchLabels: service.spec.selector ?? {} }), pod.metadata.labels ?? {})
  );
}

/** Backends in the order of their pods' names, finished pods and pods without address left out. */
export function backendsOf(service: Service, pods: readonly Pod[]): Backend[] {
  const publishUnready = service.spec.publishNotReadyAddresses === true;
  const backends: Backend[] = [];
  for (const pod of pods) {
    const ip = pod.status?.podIP ?? '';
    const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (ip === '' || finished || !selectsPod(service, pod)) continue;
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const serving = isPodReady(pod);
    backends.push({
      pod,
      ip,
      serving,
      terminating,
      ready: publishUnready || (serving && !terminating),
      ports: portsOf(service, pod),
    });
  }
  return backends.sort((a, b) => (a.pod.metadata.name < b.pod.metadata.name ? -1 : 1));
}

/** A Service port whose named target the pod does not have is left out for that pod. */
function portsOf(service: Service, pod: Pod): ResolvedPort[] {
  const resolved: ResolvedPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const number = targetPort(port, pod);
    if (number === undefined) continue;
    resolved.push({
      name: port.name ?? '',
      protocol: port.protocol ?? 'TCP',
      port: number,
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    });
  }
  return resolved;
}

function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const containers = [
    ...(pod.spec.containers ?? []),
    ...(pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always'),
  ];
  const ports: ContainerPort[] = containers.flatMap((container) => container.ports ?? []);
  return ports.find((one) => one.name === target && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))
    ?.containerPort;
}

/** The name DNS gives the pod under a headless Service (spec.hostname with a matching subdomain). */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec;
  return hostname !== undefined && hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}
