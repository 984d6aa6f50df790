/** Carries out one action. Each can be made again after it failed half-way; none decides anything. */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Clock,
  type Container,
  isReason,
  type Logger,
  type Pod,
  resources,
  type Secret,
  type Service,
} from '@skiff/api';
import type { Client, EventRecorder, Lister } from '@skiff/client';
import { orAborted, withDeadline } from '../async/deadline.ts';
import { environmentOf } from '../env/environment.ts';
import type { PodSurroundings } from '../env/field-ref.ts';
import type { HostPort, PodNetwork } from '../network/contract.ts';
import type { References } from '../references.ts';
import { isRuntimeError, type Mount, type Runtime } from '../runtime/contract.ts';
import { etcDir, terminationFile } from '../volumes/layout.ts';
import { VolumeError, type VolumeManager } from '../volumes/manager.ts';
import { defaultTerminationPath, podRef, toContainerSpec, toSandboxSpec } from './container-spec.ts';
import type { Action } from './facts.ts';
import { runHook } from './hooks.ts';
import { ensureImage } from './images.ts';
import { hostsFile, resolvConf } from './pod-files.ts';
import type { PodRecord } from './record.ts';
import { referencesOf } from './references-of.ts';
import { fieldPathOf, findDeclared, terminationGraceMs } from './spec.ts';
import { failedMessage, StepError } from './step-error.ts';

export interface TaskDeps {
  readonly runtime: Runtime;
  readonly network: PodNetwork;
  readonly volumes: VolumeManager;
  readonly references: References;
  readonly services: Lister<Service>;
  readonly events: EventRecorder;
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rootDir: string;
  readonly node: NodeFacts;
}

export interface NodeFacts {
  readonly name: string;
  readonly ips: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
}

type Of<T extends Action['type']> = Extract<Action, { type: T }>;

/** kubelet gives a container at least this long between its stop signal and SIGKILL. */
const minGraceMs = 2000;

export class PodTasks {
  readonly #deps: TaskDeps;

  constructor(deps: TaskDeps) {
    this.#deps = deps;
  }

  /** Resolves when the action is done. Throws StepError with the waiting reason to show, or another error to retry. */
  async perform(record: PodRecord, action: Action, signal: AbortSignal): Promise<void> {
    switch (action.type) {
      case 'setUpVolumes':
        return this.#setUpVolumes(record, signal);
      case 'tearDownVolumes':
        await this.#deps.volumes.tearDown(record.pod.metadata.uid);
        this.#deps.references.release(record.pod.metadata.uid);
        record.volumes = 'absent';
        return;
      case 'createSandbox':
        return this.#createSandbox(record, action);
      case 'attachNetwork':
        return this.#attach(record, action.sandboxId);
      case 'removeSandbox':
        return this.#removeSandbox(record, action.id);
      case 'startContainer':
        return this.#startContainer(record, action, signal);
      case 'runPreStop':
        return this.#runPreStop(record, action, signal);
      case 'killContainer':
        return this.#killContainer(record, action, signal);
      case 'removeContainer':
        await this.#deps.runtime.removeContainer(action.id);
        record.lastWords.delete(action.id);
        record.adopted.delete(action.id);
        record.replaced.delete(action.id);
        record.preStopped.delete(action.id);
        return;
      case 'deleteFromApi':
        await this.#deleteFromApi(record.pod, signal);
        // The API's own word may take a while; until then there is nothing more to ask of it.
        record.vanish(this.#deps.clock.now());
        return;
      case 'cancel':
      case 'forget':
        throw new Error(`${action.type} is the worker's own`);
    }
  }

  around(record: PodRecord): PodSurroundings {
    const { node } = this.#deps;
    const podIPs = record.pod.spec.hostNetwork === true ? node.ips : (record.network?.ips ?? []);
    return { hostIPs: node.ips, podIPs, nodeName: node.name, nodeCpus: node.cpus, nodeMemoryBytes: node.memoryBytes };
  }

  /** Rewrites volumes whose objects changed. */
  async refreshVolumes(record: PodRecord): Promise<void> {
    const objects = this.#deps.references.objects(record.pod.metadata.namespace ?? '');
    await this.#deps.volumes.refresh(record.pod, { objects, around: this.around(record) });
  }

  async #setUpVolumes(record: PodRecord, signal: AbortSignal): Promise<void> {
    const { pod } = record;
    const { references, volumes, events } = this.#deps;
    // From here on there may be something to clean up, whatever happens.
    record.volumes = record.volumes === 'absent' ? 'stale' : record.volumes;
    await references.hold(pod.metadata.uid, referencesOf(pod), signal);
    const objects = references.objects(pod.metadata.namespace ?? '');
    try {
      await volumes.setUp(pod, { objects, around: this.around(record) });
    } catch (error) {
      if (error instanceof VolumeError) events.event(pod, 'Warning', 'FailedMount', error.message);
      throw error;
    }
    record.volumes = 'ready';
  }

  async #createSandbox(record: PodRecord, { attempt }: Of<'createSandbox'>): Promise<void> {
    try {
      const id = await this.#deps.runtime.runSandbox(toSandboxSpec(record.pod, attempt));
      await this.#attach(record, id);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `Failed to create pod sandbox: ${why}`;
      this.#deps.events.event(record.pod, 'Warning', 'FailedCreatePodSandBox', message);
      throw error;
    }
  }

  async #attach(record: PodRecord, sandboxId: string): Promise<void> {
    if (record.pod.spec.hostNetwork === true) return;
    const { pid } = await this.#deps.runtime.inspect(sandboxId);
    const { ips } = await this.#deps.network.attach({
      ...podRef(record.pod),
      sandboxId,
      netnsPath: `/proc/${pid}/ns/net`,
      hostPorts: hostPortsOf(record.pod),
    });
    record.network = { sandboxId, ips };
  }

  async #removeSandbox(record: PodRecord, sandboxId: string): Promise<void> {
    const { runtime, network } = this.#deps;
    const status = await runtime.inspect(sandboxId).catch((error: unknown) => {
      if (isRuntimeError(error, 'notFound')) return undefined;
      throw error;
    });
    if (record.pod.spec.hostNetwork !== true) {
      const netnsPath = status !== undefined && status.pid > 0 ? `/proc/${status.pid}/ns/net` : '';
      await network.detach({ ...podRef(record.pod), sandboxId, netnsPath, hostPorts: hostPortsOf(record.pod) });
    }
    await runtime.removeContainer(sandboxId);
    if (record.network?.sandboxId === sandboxId) record.network = undefined;
  }

  async #startContainer(record: PodRecord, action: Of<'startContainer'>, signal: AbortSignal): Promise<void> {
    const { pod } = record;
    const container = findDeclared(pod, action.name)?.spec;
    if (container === undefined) return;
    const id = await this.#launch(record, action, container, signal).catch((error: unknown) => {
      const path = fieldPathOf(pod, container.name);
      if (error instanceof StepError) this.#deps.events.event(pod, 'Warning', 'Failed', failedMessage(error), path);
      throw error;
    });
    await this.#postStart(record, container, id, signal);
  }

  /** Answers the id of the container, which runs. */
  async #launch(
    record: PodRecord,
    action: Of<'startContainer'>,
    container: Container,
    signal: AbortSignal,
  ): Promise<string> {
    const { pod } = record;
    const { runtime, events, references } = this.#deps;
    const pullSecrets = async (): Promise<readonly Secret[]> => this.#pullSecrets(pod);
    const image = await ensureImage({ ...this.#deps, pullSecrets }, pod, container, signal);
    signal.throwIfAborted();
    const environment = environmentOf({
      pod,
      container,
      objects: references.objects(pod.metadata.namespace ?? ''),
      services: this.#deps.services.list(),
      around: this.around(record),
    });
    const mounts = await this.#mounts(record, container, action.attempt, environment);
    const seccompText = await this.#seccompText(pod, container);
    const spec = toContainerSpec({
      ...action,
      pod,
      container,
      image,
      environment,
      mounts,
      devices: [],
      nodeMemoryBytes: this.#deps.node.memoryBytes,
      ...(await this.#targetOf(pod, action.name)),
      ...(seccompText === undefined ? {} : { seccompText }),
    });
    const path = fieldPathOf(pod, container.name);
    const id = await runtime.createContainer(spec).catch(failedAs('CreateContainerError'));
    events.event(pod, 'Normal', 'Created', `Created container: ${container.name}`, path);
    signal.throwIfAborted();
    await runtime.startContainer(id).catch(failedAs('RunContainerError'));
    events.event(pod, 'Normal', 'Started', `Started container ${container.name}`, path);
    return id;
  }

  /** The running container that an ephemeral one is aimed at. Throws StepError when it does not run. */
  async #targetOf(pod: Pod, name: string): Promise<{ readonly targetId?: string }> {
    const target = pod.spec.ephemeralContainers?.find((one) => one.name === name)?.targetContainerName;
    if (target === undefined || target === '') return {};
    const own = await this.#deps.runtime.list({ podUid: pod.metadata.uid });
    const running = own.find((one) => one.role === 'container' && one.name === target && one.state === 'running');
    if (running !== undefined) return { targetId: running.id };
    throw new StepError('CreateContainerConfigError', `the target container "${target}" is not running`);
  }

  #pullSecrets(pod: Pod): readonly Secret[] {
    const objects = this.#deps.references.objects(pod.metadata.namespace ?? '');
    return (pod.spec.imagePullSecrets ?? []).flatMap(({ name = '' }) => {
      const secret = objects.secret(name);
      return secret === undefined ? [] : [secret];
    });
  }

  async #postStart(record: PodRecord, container: Container, id: string, signal: AbortSignal): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const { runtime, events, clock } = this.#deps;
    try {
      await runHook('postStart', hook, this.target(record, container, id), clock, signal);
    } catch (error) {
      if (signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      const path = fieldPathOf(record.pod, container.name);
      events.event(record.pod, 'Warning', 'FailedPostStartHook', message, path);
      events.event(record.pod, 'Normal', 'Killing', `FailedPostStartHook: ${message}`, path);
      // A pod that is deleted meanwhile need not wait for this: its own kill takes over.
      await orAborted(runtime.stopContainer(id, Math.max(terminationGraceMs(record.pod), minGraceMs)), signal);
      throw new StepError('PostStartHookError', message, { cause: error });
    }
  }

  target(record: PodRecord, container: Container, containerId: string) {
    const { runtime } = this.#deps;
    return { containerId, container, ip: this.around(record).podIPs[0] ?? '', runtime };
  }

  /** Once for a container, however often it is asked for. */
  async #runPreStop(record: PodRecord, action: Of<'runPreStop' | 'killContainer'>, signal: AbortSignal): Promise<void> {
    const { events, clock } = this.#deps;
    const container = findDeclared(record.pod, action.name)?.spec;
    const hook = container?.lifecycle?.preStop;
    const graceMs = action.killBy - clock.now();
    if (container === undefined || hook === undefined || graceMs <= 0 || record.preStopped.has(action.id)) return;
    const target = this.target(record, container, action.id);
    const run = (limit: AbortSignal): Promise<void> => runHook('preStop', hook, target, clock, limit);
    await withDeadline(clock, graceMs, run, signal).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      const path = fieldPathOf(record.pod, action.name);
      if (!signal.aborted) events.event(record.pod, 'Warning', 'FailedPreStopHook', message, path);
    });
    signal.throwIfAborted();
    record.preStopped.add(action.id);
  }

  async #killContainer(record: PodRecord, action: Of<'killContainer'>, signal: AbortSignal): Promise<void> {
    const { runtime, events, clock } = this.#deps;
    const path = fieldPathOf(record.pod, action.name);
    events.event(record.pod, 'Normal', 'Killing', action.message, path);
    await this.#runPreStop(record, action, signal);
    if (action.cause === 'changed') record.replaced.add(action.id);
    await runtime.stopContainer(action.id, Math.max(action.killBy - clock.now(), minGraceMs));
  }

  /** Declared mounts, and the files every container gets: its last words, /etc/hosts and /etc/resolv.conf. */
  async #mounts(
    record: PodRecord,
    container: Container,
    attempt: number,
    environment: ReadonlyMap<string, string>,
  ): Promise<Mount[]> {
    const { pod } = record;
    const { volumes, rootDir } = this.#deps;
    const declared = await volumes.mountsFor(pod, container, environment).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      throw new StepError('CreateContainerConfigError', message, { cause: error });
    });
    const words = terminationFile(rootDir, pod.metadata.uid, container.name, attempt);
    await mkdir(dirname(words), { recursive: true, mode: 0o755 });
    // Whoever the process runs as may write its last words (kubelet's 0666).
    const file = await open(words, 'w', 0o666);
    await file.chmod(0o666);
    await file.close();
    const files = await this.#writePodFiles(record);
    const always = [[words, container.terminationMessagePath ?? defaultTerminationPath] as const, ...files].map(
      ([hostPath, containerPath]): Mount => ({ hostPath, containerPath, readOnly: false, propagation: 'private' }),
    );
    const taken = new Set(declared.map(({ containerPath }) => containerPath));
    return [...declared, ...always.filter(({ containerPath }) => !taken.has(containerPath))];
  }

  async #writePodFiles(record: PodRecord): Promise<readonly (readonly [string, string])[]> {
    const { pod } = record;
    const { network, rootDir } = this.#deps;
    const dir = etcDir(rootDir, pod.metadata.uid);
    const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
    const { clusterDomain } = network;
    const ips = this.around(record).podIPs;
    const hosts = hostsFile({ pod, ips, clusterDomain, hostFile: await read('/etc/hosts') });
    const hostFile = await read('/etc/resolv.conf');
    const resolv = resolvConf({ pod, clusterServers: network.dnsServers, clusterDomain, hostFile });
    await writeFile(join(dir, 'hosts'), hosts, { mode: 0o644 });
    await writeFile(join(dir, 'resolv.conf'), resolv, { mode: 0o644 });
    return [
      [join(dir, 'hosts'), '/etc/hosts'],
      [join(dir, 'resolv.conf'), '/etc/resolv.conf'],
    ];
  }

  async #seccompText(pod: Pod, container: Container): Promise<string | undefined> {
    const profile = container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
    if (profile?.type !== 'Localhost') return undefined;
    const name = profile.localhostProfile ?? '';
    const bad = name === '' || name.startsWith('/') || name.split('/').includes('..');
    if (bad) throw new StepError('CreateContainerConfigError', `invalid seccomp profile path: ${name}`);
    return readFile(join(this.#deps.rootDir, 'seccomp', name), 'utf8').catch((error: unknown) => {
      throw new StepError('CreateContainerConfigError', `cannot load seccomp profile "${name}"`, { cause: error });
    });
  }

  async #deleteFromApi(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    try {
      await this.#deps.client.resource(resources.pods).delete(namespace, name, { gracePeriodSeconds: 0, uid, signal });
    } catch (error) {
      // Gone already, or its name belongs to another pod now.
      if (!isReason(error, 'NotFound', 'Conflict')) throw error;
    }
  }
}

const failedAs =
  (reason: string) =>
  (error: unknown): never => {
    // An engine that does not answer is no fault of the container.
    if (isRuntimeError(error, 'unavailable')) throw error;
    throw new StepError(reason, error instanceof Error ? error.message : String(error), { cause: error });
  };

export function hostPortsOf(pod: Pod): readonly HostPort[] {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ hostPort = 0, containerPort, hostIP, protocol = 'TCP' }) => ({
        hostIP: hostIP ?? '',
        hostPort,
        containerPort,
        protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
      })),
  );
}
