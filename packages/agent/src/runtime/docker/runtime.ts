/** The seam's promises kept with Docker's calls. */
import { Readable } from 'node:stream';
import type { Clock } from '@skiff/api';
import {
  type AttachOptions,
  type ContainerSpec,
  type ContainerStats,
  type ContainerStatus,
  type ContainerSummary,
  type ExecOptions,
  type Image,
  isRuntimeError,
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
import { label } from '../labels.ts';
import type { DockerAdapter, Exec } from './adapter.ts';
import { type HostLimits, toContainerOptions, toSandboxOptions } from './container.ts';
import { demux, raw } from './demux.ts';
import { followEvents } from './events.ts';
import { logBytes } from './log-files.ts';
import { pauseArchive, pauseImage } from './pause/image.ts';
import { readProgress } from './pull.ts';
import { createSession, killInContainer } from './session.ts';
import { toImage, toListedImage, toStats, toStatus, toSummary } from './status.ts';

export class DockerRuntime implements Runtime {
  readonly #adapter: DockerAdapter;
  readonly #clock: Clock;
  readonly #limits: HostLimits;

  constructor(adapter: DockerAdapter, clock: Clock, limits: HostLimits) {
    this.#adapter = adapter;
    this.#clock = clock;
    this.#limits = limits;
  }

  async version(): Promise<RuntimeVersion> {
    const { Version, ApiVersion } = await this.#adapter.version();
    return { name: 'docker', version: Version, apiVersion: ApiVersion };
  }

  async info(): Promise<RuntimeInfo> {
    const info = await this.#adapter.info();
    return {
      operatingSystem: String(info.OperatingSystem),
      kernelVersion: String(info.KernelVersion),
      architecture: info.Architecture === 'aarch64' ? 'arm64' : 'amd64',
      cpus: Number(info.NCPU),
      memoryBytes: Number(info.MemTotal),
      dataDir: String(info.DockerRootDir),
      cgroupVersion: info.CgroupVersion === '2' ? 2 : 1,
    };
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    try {
      return toImage(await this.#adapter.inspectImage(reference));
    } catch (error) {
      if (isRuntimeError(error, 'notFound')) return undefined;
      throw error;
    }
  }

  async listImages(): Promise<readonly Image[]> {
    return (await this.#adapter.listImages()).map(toListedImage);
  }

  async pullImage(reference: string, { auth, signal }: PullOptions): Promise<Image> {
    try {
      await readProgress(await this.#adapter.pullImage(reference, auth, signal));
    } catch (error) {
      signal?.throwIfAborted();
      if (isRuntimeError(error, 'unavailable')) throw error;
      throw new RuntimeError('imagePull', error instanceof Error ? error.message : String(error), { cause: error });
    }
    const image = await this.imageStatus(reference);
    if (image === undefined) throw new RuntimeError('imagePull', `${reference} was pulled and is not there`);
    return image;
  }

  async loadImage(archive: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
    const stream = await this.#adapter.loadImage(Readable.from(archive));
    const said = await readProgress(stream).catch((error: unknown) => {
      throw new RuntimeError('invalid', error instanceof Error ? error.message : String(error), { cause: error });
    });
    return said.flatMap((line) => /^Loaded image(?: ID)?: (\S+)$/.exec(line)?.[1] ?? []);
  }

  removeImage = (reference: string): Promise<void> => this.#adapter.removeImage(reference);

  async runSandbox(spec: SandboxSpec): Promise<string> {
    const options = toSandboxOptions(spec, pauseImage, this.#limits);
    const id = await this.#adapter.createContainer(options).catch(async (error: unknown) => {
      if (!isRuntimeError(error, 'imageNotFound')) throw error;
      await this.#loadPause();
      return this.#adapter.createContainer(options);
    });
    try {
      await this.#adapter.startContainer(id);
    } catch (error) {
      // A sandbox that never ran is worth nothing, and would hold its name.
      await this.#adapter.removeContainer(id).catch(() => {});
      throw error;
    }
    return id;
  }

  createContainer = (spec: ContainerSpec): Promise<string> =>
    this.#adapter.createContainer(toContainerOptions(spec, this.#limits));

  startContainer = (id: string): Promise<void> => this.#adapter.startContainer(id);

  async stopContainer(id: string, graceMs: number): Promise<void> {
    try {
      if (graceMs > 0) {
        await this.#adapter.stopContainer(id, graceMs);
      } else {
        await this.#adapter.killContainer(id);
        await this.#adapter.waitContainer(id, killWaitMs);
      }
    } catch (error) {
      if (!isRuntimeError(error, 'notFound', 'notRunning')) throw error;
    }
  }

  async removeContainer(id: string): Promise<void> {
    try {
      await this.#adapter.removeContainer(id);
    } catch (error) {
      if (!isRuntimeError(error, 'notFound')) throw error;
    }
  }

  async list({ podUid }: { readonly podUid?: string } = {}): Promise<readonly ContainerSummary[]> {
    const labels = podUid === undefined ? [label.role] : [label.role, `${label.podUid}=${podUid}`];
    const infos = await this.#adapter.listContainers(labels);
    return infos.map(toSummary).filter((summary) => summary !== undefined);
  }

  async inspect(id: string): Promise<ContainerStatus> {
    const status = toStatus(await this.#adapter.inspectContainer(id));
    if (status === undefined) throw new RuntimeError('notFound', `No such container of the agent: ${id}`);
    return status;
  }

  async exec(id: string, { command, stdin, tty }: ExecOptions): Promise<Session> {
    const exec = await this.#adapter.createExec(id, {
      Cmd: [...command],
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: !tty,
      Tty: tty,
    });
    const socket = await this.#adapter.startExec(exec, tty);
    return createSession({
      socket,
      tty,
      stdin,
      resize: ({ columns, rows }) => this.#adapter.resizeExec(exec, columns, rows),
      exitCode: () => this.#execExitCode(exec),
      kill: () => this.#killExec(exec, id),
    });
  }

  /** A command may have written before Docker, which had it started, knows its number. */
  async #killExec(exec: Exec, id: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < exitWaitMs; waitedMs += exitPollMs) {
      const { Running, Pid } = await this.#adapter.inspectExec(exec);
      if (!Running) return;
      if (Pid > 0) return killInContainer(Pid, id);
      await this.#clock.sleep(exitPollMs);
    }
  }

  /** Docker may close the output a moment before it knows how the command ended. */
  async #execExitCode(exec: Exec): Promise<number | undefined> {
    for (let waitedMs = 0; ; waitedMs += exitPollMs) {
      const { Running, ExitCode } = await this.#adapter.inspectExec(exec);
      if (!Running) return ExitCode ?? undefined;
      if (waitedMs >= exitWaitMs) return undefined;
      await this.#clock.sleep(exitPollMs);
    }
  }

  async attach(id: string, { stdin }: AttachOptions): Promise<Session> {
    const { tty, state } = await this.inspect(id);
    if (state !== 'running') throw new RuntimeError('notRunning', `Container ${id} is not running`);
    const socket = await this.#adapter.attach(id, stdin);
    return createSession({
      socket,
      tty,
      stdin,
      resize: ({ columns, rows }) => this.#adapter.resizeContainer(id, columns, rows),
      exitCode: async () => {
        const status = await this.inspect(id);
        return status.state === 'exited' ? status.exitCode : undefined;
      },
      kill: async () => {},
    });
  }

  async *logs(id: string, options: LogOptions): AsyncIterable<OutputChunk> {
    const { tty } = await this.inspect(id);
    const stream = await this.#adapter.logs(id, {
      stdout: true,
      stderr: true,
      follow: options.follow,
      timestamps: options.timestamps,
      ...(options.tail === undefined ? {} : { tail: options.tail }),
      ...(options.sinceMs === undefined ? {} : { since: (options.sinceMs / 1000).toFixed(3) }),
    });
    const stop = (): void => void stream.destroy();
    options.signal.addEventListener('abort', stop, { once: true });
    if (options.signal.aborted) stop();
    stream.on('error', () => {});
    try {
      yield* tty ? raw(stream) : demux(stream);
    } catch (error) {
      // Leaving is no failure.
      if (!options.signal.aborted) throw new RuntimeError('unavailable', 'the log stream broke', { cause: error });
    } finally {
      options.signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }

  async stats(id: string): Promise<ContainerStats> {
    return toStats(await this.#adapter.stats(id), this.#clock.now());
  }

  async diskBytes(id: string): Promise<number> {
    const { SizeRw = 0, LogPath } = await this.#adapter.inspectContainerSize(id);
    return SizeRw + (await logBytes(LogPath));
  }

  events = (signal: AbortSignal): AsyncIterable<RuntimeEvent> => followEvents(this.#adapter, this.#clock, signal);

  async #loadPause(): Promise<void> {
    const { architecture } = await this.info();
    const archive = await pauseArchive(architecture === 'arm64' ? 'arm64' : 'amd64');
    await this.loadImage(Readable.from([archive]));
  }
}

const killWaitMs = 30_000;
const exitPollMs = 50;
const exitWaitMs = 2000;
