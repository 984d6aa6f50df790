/** The pages that kubelet serves on its port, made when they are asked for over the link. */
import { type Clock, notFound } from '@skiff/api';
import { shared } from '../async/shared.ts';
import type { PodLookup } from '../link/logs.ts';
import { measureRunning } from '../link/measure.ts';
import type { HostSample } from '../link/usage.ts';
import type { ProbeTally } from '../probes/tally.ts';
import { type ContainerStatus, isRuntimeError, type Runtime } from '../runtime/contract.ts';
import { cadvisorMetrics } from './cadvisor.ts';
import { configz, type ShownConfig } from './configz.ts';
import { readLogs } from './logs.ts';
import { ownMetrics, type ProcessFacts } from './own.ts';
import { probeMetrics } from './probes.ts';
import { parseCgroup, parseDevices } from './proc.ts';
import { resourceMetrics } from './resource.ts';
import { runningPods } from './running-pods.ts';
import type { SeenSandbox, Sight } from './sight.ts';

export interface PageParts extends ShownConfig {
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  readonly probes: ProbeTally;
  readonly clock: Clock;
  readonly host: () => Promise<HostSample>;
  /** Whatever is below it may be read. */
  readonly logDir: string;
  readonly process: () => ProcessFacts;
  /** The text of a file below /proc/PID; rejects when the process has ended. */
  readonly readProc: (pid: number, file: string) => Promise<string>;
}

/** Answers the bytes of the page with that path. Throws ApiError NotFound when there is none. */
export type Pages = (path: string) => AsyncIterable<Uint8Array>;

export function createPages(parts: PageParts): Pages {
  const makers: readonly (readonly [string, () => Promise<string>])[] = [
    ['metrics', async () => ownMetrics(await ownFacts(parts))],
    ['metrics/cadvisor', async () => cadvisorMetrics(await lookAround(parts))],
    ['metrics/probes', async () => probeMetrics(parts.probes.counts())],
    ['metrics/resource', async () => resourceMetrics(await lookAround(parts))],
    ['configz', async () => JSON.stringify(configz(parts))],
    ['runningpods', async () => JSON.stringify(runningPods(await inspectAll(parts.runtime)))],
  ];
  // Each asks the engine for every container: however many scrape at once, a page is made once.
  const pages = new Map(makers.map(([path, make]) => [path, shared(make)]));
  return async function* (path) {
    const page = pages.get(path);
    if (page !== undefined) yield Buffer.from(await page());
    else if (path === 'logs' || path.startsWith('logs/')) yield* readLogs(parts.logDir, path.slice('logs/'.length));
    else throw notFound({ group: '', resource: 'pages' }, path);
  };
}

const ownFacts = async ({ nodeName, agentVersion, runtime, process }: PageParts) => ({
  nodeName,
  version: agentVersion,
  containers: await runtime.list(),
  process: process(),
});

async function lookAround({ runtime, pods, clock, host, readProc }: PageParts): Promise<Sight> {
  const [running, info, hostSample, all] = await Promise.all([
    measureRunning(runtime),
    runtime.info(),
    host(),
    runtime.list(),
  ]);
  const cgroupOf = (pid: number): Promise<string> => readProc(pid, 'cgroup').then(parseCgroup);
  const containers = await Promise.all(
    running.map(({ container, sample }) =>
      cgroupOf(container.pid).then((cgroup) => ({ status: container, sample, cgroup }), gone),
    ),
  );
  const lookAt = async (id: string): Promise<SeenSandbox> => {
    const status = await runtime.inspect(id);
    const devices = parseDevices(await readProc(status.pid, 'net/dev'));
    return { status, cgroup: await cgroupOf(status.pid), devices };
  };
  // A pod on the host's network has no traffic of its own.
  const own = all.filter(({ role, state, pod }) => role === 'sandbox' && state === 'running' && !onHost(pods, pod.uid));
  const sandboxes = await Promise.all(own.map(({ id }) => lookAt(id).catch(gone)));
  return {
    nowMs: clock.now(),
    cpus: info.cpus,
    host: hostSample,
    containers: containers.filter((one) => one !== undefined),
    sandboxes: sandboxes.filter((one) => one !== undefined),
  };
}

const onHost = (pods: PodLookup, uid: string): boolean => pods.get(uid)?.spec.hostNetwork === true;

/** What ended while it was looked at is left out; an engine that does not answer fails the page. */
function gone(error: unknown): undefined {
  if (isRuntimeError(error, 'unavailable')) throw error;
  return undefined;
}

async function inspectAll(runtime: Runtime): Promise<readonly ContainerStatus[]> {
  const all = await Promise.all((await runtime.list()).map(({ id }) => runtime.inspect(id).catch(gone)));
  return all.filter((one) => one !== undefined);
}
