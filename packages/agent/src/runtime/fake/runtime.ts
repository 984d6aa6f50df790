/** Containers in memory, on a clock that a test steps; any call can be made to fail. */
import { writeFileSync } from 'node:fs';
import type { Clock } from '@skiff/api';
import { createChannel } from '../../async/channel.ts';
import {
  type AttachOptions,
  type ContainerSpec,
  type ContainerStats,
  type ContainerStatus,
  type ContainerSummary,
  type ExecOptions,
  type Image,
  type LogOptions,
  type OutputChunk,
  type PullOptions,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeInfo,
  type RuntimeVersion,
  type SandboxSpec,
  type Session,
} from '../contract.ts';
import { engineName, type Identity, identityLabels, label } from '../labels.ts';
import { FakeLog } from './log.ts';
import { FakeProcess } from './process.ts';
import { parseCommandLine, type Statement } from './script.ts';
import { sessionOf } from './session.ts';

type Operation = Exclude<keyof Runtime, 'events' | 'logs'>;

interface FakeContainer {
  readonly name: string;
  readonly spec: SandboxSpec | ContainerSpec;
  status: ContainerStatus;
  process: FakeProcess | undefined;
  readonly log: FakeLog;
}

const sandboxProgram: readonly Statement[] = [{ type: 'sleep', seconds: Number.POSITIVE_INFINITY }];

export class FakeRuntime implements Runtime {
  /** Every call in order, e.g. `startContainer web`: what a test asserts that nothing else was touched with. */
  readonly calls: string[] = [];
  readonly #clock: Clock;
  readonly #containers = new Map<string, FakeContainer>();
  readonly #images = new Map<string, Image>();
  readonly #registry = new Set<string>();
  readonly #failures = new Map<Operation, (RuntimeError | Promise<void>)[]>();
  readonly #subscribers = new Set<(event: RuntimeEvent) => void>();
  #serial = 0;
  /** While true every call throws `unavailable`. */
  down = false;
  /** What containers use, by name. */
  readonly uses = new Map<string, Partial<typeof smallUse>>();
  /** What reading any log throws. */
  failLogs: RuntimeError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next call of `operation` throws `error`; repeat for more. */
  failNext(operation: Operation, error: RuntimeError): void {
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), error]);
  }

  /** The next call of `operation` waits for `until` first. */
  holdNext(operation: Operation, until: Promise<void>): void {
    this.#failures.set(operation, [...(this.#failures.get(operation) ?? []), until]);
  }

  addImage(tag: string, image: Partial<Image> = {}): void {
    this.#images.set(tag, {
      id: `sha256:${tag}`,
      tags: [tag],
      digests: [],
      sizeBytes: 1_000_000,
      user: '',
      ...image,
    });
  }

  /** Makes `tag` something that `pullImage` finds. */
  publishImage(tag: string): void {
    this.#registry.add(tag);
  }

  /** The spec a container or sandbox was made from. */
  specOf(id: string): SandboxSpec | ContainerSpec {
    return this.#find(id).spec;
  }

  /** The process dies behind the agent's back. */
  kill(id: string, exitCode = 137, oomKilled = false): void {
    this.#finish(this.#find(id), exitCode, oomKilled);
  }

  /** Subscribers are told that events may have been lost. */
  loseEvents(): void {
    this.#emit({ type: 'resync' });
  }

  async version(): Promise<RuntimeVersion> {
    await this.#enter('version', '');
    return { name: 'fake', version: '1.0.0', apiVersion: '1.0' };
  }

  async info(): Promise<RuntimeInfo> {
    await this.#enter('info', '');
    return {
      operatingSystem: 'Fake Linux',
      kernelVersion: '6.1.0',
      architecture: 'amd64',
      cpus: 4,
      memoryBytes: 8 * 1024 ** 3,
      dataDir: '/',
      cgroupVersion: 2,
    };
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    await this.#enter('imageStatus', reference);
    return this.#image(reference);
  }

  async listImages(): Promise<readonly Image[]> {
    await this.#enter('listImages', '');
    return [...this.#images.values()];
  }

  async pullImage(reference: string, options: PullOptions): Promise<Image> {
    await this.#enter('pullImage', reference);
    options.signal?.throwIfAborted();
    if (!this.#registry.has(reference)) {
      throw new RuntimeError('imagePull', `manifest for ${reference} not found: manifest unknown`);
    }
    this.addImage(reference);
    return this.#images.get(reference) as Image;
  }

  async loadImage(archive: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
    await this.#enter('loadImage', '');
    let text = '';
    for await (const part of archive) text += new TextDecoder().decode(part);
    this.addImage(text.trim());
    return [text.trim()];
  }

  async removeImage(reference: string): Promise<void> {
    await this.#enter('removeImage', reference);
    const image = this.#image(reference);
    if (image === undefined) throw new RuntimeError('notFound', `No such image: ${reference}`);
    for (const tag of image.tags) this.#images.delete(tag);
  }

  async runSandbox(spec: SandboxSpec): Promise<string> {
    await this.#enter('runSandbox', String(spec.attempt));
    const identity: Identity = { role: 'sandbox', pod: spec.pod, name: '', attempt: spec.attempt };
    const container = this.#add(identity, spec, 'skiff/pause:1', 'sha256:pause');
    this.#launch(container, sandboxProgram);
    return container.status.id;
  }

  async createContainer(spec: ContainerSpec): Promise<string> {
    await this.#enter('createContainer', spec.name);
    const image = this.#image(spec.image);
    if (image === undefined) throw new RuntimeError('imageNotFound', `No such image: ${spec.image}`);
    const identity: Identity = { role: 'container', pod: spec.pod, name: spec.name, attempt: spec.attempt };
    return this.#add(identity, spec, spec.image, image.id).status.id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#find(id);
    await this.#enter('startContainer', container.status.name);
    const { spec } = container;
    const argv = 'command' in spec ? [...spec.command, ...spec.args] : [];
    const program = argv.length === 0 ? sandboxProgram : parseCommandLine(argv);
    if (program === undefined) {
      const startError = `exec: "${argv[0]}": executable file not found in $PATH`;
      container.status = {
        ...container.status,
        state: 'exited',
        exitCode: 127,
        startError,
        finishedAt: this.#clock.now(),
      };
      throw new RuntimeError('startFailed', startError);
    }
    this.#launch(container, program);
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const container = this.#containers.get(id);
    await this.#enter('stopContainer', `${container?.status.name ?? id} ${graceMs}`);
    const process = container?.process;
    if (container === undefined || process === undefined || container.status.state !== 'running') return;
    if (graceMs > 0) process.signal('SIGTERM');
    const timer = this.#clock.after(graceMs, () => process.signal('SIGKILL'));
    await process.exited;
    timer.cancel();
    // The exit is recorded by whoever launched the process; let that run first.
    await Promise.resolve();
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    await this.#enter('removeContainer', container?.status.name ?? id);
    if (container === undefined) return;
    if (container.status.state === 'running') this.#finish(container, 137, false);
    this.#containers.delete(id);
    this.#announce('removed', container);
  }

  async list(filter: { readonly podUid?: string } = {}): Promise<readonly ContainerSummary[]> {
    await this.#enter('list', '');
    return [...this.#containers.values()]
      .map((container) => container.status)
      .filter((status) => filter.podUid === undefined || status.pod.uid === filter.podUid);
  }

  async inspect(id: string): Promise<ContainerStatus> {
    await this.#enter('inspect', '');
    return this.#find(id).status;
  }

  async exec(id: string, options: ExecOptions): Promise<Session> {
    const container = this.#find(id);
    await this.#enter('exec', `${container.status.name} ${options.command.join(' ')}`);
    this.#mustRun(container);
    const output = createChannel<OutputChunk>();
    const program = parseCommandLine(options.command) ?? [{ type: 'unknown', command: options.command[0] ?? '' }];
    const process = new FakeProcess(
      program,
      this.#clock,
      this.#io(container, (chunk) => output.push(options.tty ? { ...chunk, channel: 'stdout' } : chunk)),
    );
    if (!options.stdin) process.closeInput();
    const exited = process.exited.then((code) => {
      output.end();
      return code;
    });
    return sessionOf(
      process,
      output,
      () => exited,
      async () => {
        process.signal('SIGKILL');
        await exited;
      },
    );
  }

  async attach(id: string, options: AttachOptions): Promise<Session> {
    const container = this.#find(id);
    await this.#enter('attach', container.status.name);
    this.#mustRun(container);
    const leaving = new AbortController();
    const exitCode = async (): Promise<number | undefined> =>
      container.status.state === 'exited' ? container.status.exitCode : undefined;
    const process = options.stdin ? container.process : undefined;
    return sessionOf(process, container.log.follow(leaving.signal), exitCode, async () => leaving.abort());
  }

  async *logs(id: string, options: LogOptions): AsyncIterable<OutputChunk> {
    this.calls.push(`logs ${this.#find(id).status.name}`);
    if (this.failLogs !== undefined) throw this.failLogs;
    yield* this.#find(id).log.read(options);
  }

  async stats(id: string): Promise<ContainerStats> {
    await this.#enter('stats', this.#find(id).status.name);
    const time = this.#clock.now();
    const { memoryBytes, pids } = { ...smallUse, ...this.uses.get(this.#find(id).status.name) };
    return {
      ...{ time, cpuNanoseconds: 1_000_000n, pids },
      ...{ memoryUsageBytes: 2 * memoryBytes, memoryWorkingSetBytes: memoryBytes },
    };
  }

  async diskBytes(id: string): Promise<number> {
    await this.#enter('diskBytes', this.#find(id).status.name);
    return this.uses.get(this.#find(id).status.name)?.diskBytes ?? smallUse.diskBytes;
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const channel = createChannel<RuntimeEvent>();
    const subscriber = (event: RuntimeEvent): void => channel.push(event);
    const end = (): void => channel.end();
    this.#subscribers.add(subscriber);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      yield* channel;
    } finally {
      this.#subscribers.delete(subscriber);
    }
  }

  async #enter(operation: Operation, detail: string): Promise<void> {
    if (!readOnly.has(operation)) this.calls.push(detail === '' ? operation : `${operation} ${detail}`);
    if (this.down) throw new RuntimeError('unavailable', 'Cannot connect to the fake engine');
    const failure = this.#failures.get(operation)?.shift();
    if (failure instanceof RuntimeError) throw failure;
    if (failure !== undefined) await failure;
  }

  #find(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('notFound', `No such container: ${id}`);
    return container;
  }

  #mustRun(container: FakeContainer): void {
    if (container.status.state !== 'running') {
      throw new RuntimeError('notRunning', `Container ${container.status.id} is not running`);
    }
  }

  #image(reference: string): Image | undefined {
    return this.#images.get(reference) ?? [...this.#images.values()].find((image) => image.id === reference);
  }

  #add(identity: Identity, spec: SandboxSpec | ContainerSpec, image: string, imageId: string): FakeContainer {
    const name = engineName(identity);
    if ([...this.#containers.values()].some((other) => other.name === name)) {
      throw new RuntimeError('nameInUse', `The name "${name}" is already in use`);
    }
    this.#serial += 1;
    const sandbox: Record<string, string> = 'sandboxId' in spec ? { [label.sandboxId]: spec.sandboxId } : {};
    const status: ContainerStatus = {
      ...identity,
      id: this.#serial.toString(16).padStart(64, '0'),
      state: 'created',
      createdAt: this.#clock.now(),
      labels: { ...spec.labels, ...identityLabels(identity), ...sandbox },
      image,
      imageId,
      pid: 0,
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      oomKilled: false,
      startError: '',
      tty: 'tty' in spec && spec.tty,
      stdin: 'stdin' in spec && spec.stdin,
    };
    const container: FakeContainer = { name, spec, status, process: undefined, log: new FakeLog() };
    this.#containers.set(status.id, container);
    return container;
  }

  #launch(container: FakeContainer, program: readonly Statement[]): void {
    const { tty } = container.status;
    const io = this.#io(container, (chunk) =>
      container.log.append(this.#clock.now(), tty ? { ...chunk, channel: 'stdout' } : chunk),
    );
    const process = new FakeProcess(program, this.#clock, io);
    container.process = process;
    if (!container.status.stdin) process.closeInput();
    const now = this.#clock.now();
    container.status = { ...container.status, state: 'running', startedAt: now, pid: 1000 + this.#serial };
    this.#announce('started', container);
    void process.exited.then((code) => this.#finish(container, code, false));
  }

  #io(container: FakeContainer, output: (chunk: OutputChunk) => void) {
    const mounts = 'mounts' in container.spec ? container.spec.mounts : [];
    return {
      output,
      writeFile(path: string, text: string) {
        const mount = mounts.find((candidate) => candidate.containerPath === path);
        if (mount !== undefined) writeFileSync(mount.hostPath, text);
      },
    };
  }

  #finish(container: FakeContainer, exitCode: number, oomKilled: boolean): void {
    if (container.status.state !== 'running') return;
    const finishedAt = this.#clock.now();
    container.status = { ...container.status, state: 'exited', exitCode, oomKilled, finishedAt, pid: 0 };
    container.process?.signal('SIGKILL');
    container.log.end();
    if (oomKilled) this.#announce('oom', container);
    this.#announce('died', container);
  }

  #announce(type: 'started' | 'died' | 'oom' | 'removed', { status }: FakeContainer): void {
    this.#emit({ type, id: status.id, podUid: status.pod.uid, name: status.name, time: this.#clock.now() });
  }

  #emit(event: RuntimeEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
  }
}

/** Calls that change nothing are not worth recording. */
const readOnly: ReadonlySet<Operation> = new Set([
  'version',
  'info',
  'imageStatus',
  'listImages',
  'list',
  'inspect',
  'stats',
  'diskBytes',
]);

const smallUse = { memoryBytes: 1_000_000, diskBytes: 1000, pids: 1 };
