/** Probes and lifecycle hooks: what a container's keeper calls or runs. */
import { checkHttpHeaderName } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../../kinds/types.ts';
import { addEach, addNegative, addPort, addUnsupported, type Faults, type Loose, positiveMessage } from '../support.ts';

type Handler = Loose<LifecycleHandler> & Pick<Loose<Probe>, 'grpc'>;

const handlerNames = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

function addHandler(faults: Faults, handler: Handler, path: string, graceSeconds: number | undefined): void {
  const given = handlerNames.filter((name) => handler[name] !== undefined);
  if (given.length === 0) faults.push(field.required(path, 'must specify a handler type'));
  for (const extra of given.slice(1)) {
    faults.push(field.forbidden(`${path}.${extra}`, 'may not specify more than 1 handler type'));
  }
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  switch (given[0]) {
    case 'exec':
      if ((exec?.command ?? []).length === 0) faults.push(field.required(`${path}.exec.command`));
      break;
    case 'httpGet':
      addHttpGet(faults, httpGet ?? {}, `${path}.httpGet`);
      break;
    case 'tcpSocket':
      addPort(faults, `${path}.tcpSocket.port`, tcpSocket?.port);
      break;
    case 'grpc':
      addPort(faults, `${path}.grpc.port`, grpc?.port);
      break;
    case 'sleep':
      addSleep(faults, sleep?.seconds ?? 0, `${path}.sleep`, graceSeconds);
      break;
    default:
  }
}

function addSleep(faults: Faults, seconds: number, path: string, graceSeconds: number | undefined): void {
  if (graceSeconds === undefined || (seconds > 0 && seconds <= graceSeconds)) return;
  const why = `must be greater than 0 and less than terminationGracePeriodSeconds (${graceSeconds}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.`;
  faults.push(field.invalid(path, seconds, why));
}

function addHttpGet(faults: Faults, http: Loose<HTTPGetAction>, path: string): void {
  if ((http.path ?? '') === '') faults.push(field.required(`${path}.path`));
  addPort(faults, `${path}.port`, http.port);
  addUnsupported(faults, `${path}.scheme`, http.scheme, ['HTTP', 'HTTPS']);
  for (const header of http.httpHeaders ?? []) {
    addEach(faults, `${path}.httpHeaders`, header.name ?? '', checkHttpHeaderName(header.name ?? ''));
  }
}

export type ProbeRole = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

export function addProbe(faults: Faults, role: ProbeRole, probe: Loose<Probe> | undefined, container: string): void {
  if (probe === undefined) return;
  const path = `${container}.${role}`;
  addHandler(faults, probe, path, undefined);
  for (const name of counts) addNegative(faults, `${path}.${name}`, probe[name]);
  const grace = probe.terminationGracePeriodSeconds;
  const at = `${path}.terminationGracePeriodSeconds`;
  if (grace !== undefined && grace <= 0) faults.push(field.invalid(at, grace, positiveMessage));
  if (role === 'readinessProbe') {
    if (grace !== undefined) faults.push(field.invalid(at, grace, 'must not be set for readinessProbes'));
    return;
  }
  if (probe.successThreshold !== 1) {
    faults.push(field.invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1'));
  }
}

export function addLifecycle(
  faults: Faults,
  lifecycle: Loose<Lifecycle> | undefined,
  graceSeconds: number | undefined,
  path: string,
): void {
  if (lifecycle?.postStart !== undefined) addHandler(faults, lifecycle.postStart, `${path}.postStart`, graceSeconds);
  if (lifecycle?.preStop !== undefined) addHandler(faults, lifecycle.preStop, `${path}.preStop`, graceSeconds);
}
