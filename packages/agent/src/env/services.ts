/** The variables that tell a container of its namespace's Services, as Docker links once did (kubelet/envvars). Pure. */
import type { Pod, Service } from '@skiff/api';

/** The pod's Services, and the API server's own from `default`, as variables. */
export function serviceVariables(pod: Pod, services: readonly Service[]): readonly (readonly [string, string])[] {
  const links = pod.spec.enableServiceLinks ?? true;
  const { namespace } = pod.metadata;
  const isMaster = ({ metadata }: Service): boolean =>
    metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const own = services.filter(
    (service) => isMaster(service) || (links && service.metadata.namespace === namespace && hasClusterIP(service)),
  );
  // The pod's namespace wins over the API server's for a Service of the same name.
  const byName = new Map(own.filter(isMaster).map((service) => [service.metadata.name, service]));
  if (links) {
    for (const service of own) {
      if (service.metadata.namespace === namespace) byName.set(service.metadata.name, service);
    }
  }
  return [...byName.values()].filter(hasClusterIP).flatMap(variablesOf);
}

const hasClusterIP = ({ spec }: Service): boolean =>
  spec.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None' && spec.type !== 'ExternalName';

function variablesOf(service: Service): (readonly [string, string])[] {
  const prefix = service.metadata.name.toUpperCase().replaceAll('-', '_');
  const ip = service.spec.clusterIP ?? '';
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const ports = service.spec.ports ?? [];
  const [first] = ports;
  const variables: (readonly [string, string])[] = [[`${prefix}_SERVICE_HOST`, ip]];
  if (first === undefined) return variables;
  variables.push([`${prefix}_SERVICE_PORT`, String(first.port)]);
  for (const { name, port } of ports) {
    if (name) variables.push([`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`, String(port)]);
  }
  ports.forEach(({ port, protocol = 'TCP' }, index) => {
    const url = `${protocol.toLowerCase()}://${host}:${port}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) variables.push([`${prefix}_PORT`, url]);
    variables.push(
      [portPrefix, url],
      [`${portPrefix}_PROTO`, protocol.toLowerCase()],
      [`${portPrefix}_PORT`, String(port)],
      [`${portPrefix}_ADDR`, ip],
    );
  });
  return variables;
}
