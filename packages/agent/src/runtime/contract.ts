/**
 * The seam to whatever runs containers. The shape is Kubernetes' CRI: a pod is one sandbox container that owns the
 * namespaces, and containers that join it. Everything the agent must know after its own restart is in labels.
 *
 * Instants are milliseconds since the epoch, durations milliseconds, sizes bytes. Every call may throw `RuntimeError`.
 * A container's id never changes; calls about an id that does not exist throw `notFound`, except `stop` and `remove`,
 * which then succeed.
 */

/** The pod that a sandbox or container belongs to. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Runtime {
  version(): Promise<RuntimeVersion>;
  /** Facts of the host. Throws when the engine does not answer, which makes the node NotReady. */
  info(): Promise<RuntimeInfo>;

  /** The image as stored here, undefined when it is not. `reference` is a name with tag or digest, or an id. */
  imageStatus(reference: string): Promise<Image | undefined>;
  listImages(): Promise<readonly Image[]>;
  /** Fetches from the registry. Returns when the image is usable; throws `imagePull` with the registry's words. */
  pullImage(reference: string, options: PullOptions): Promise<Image>;
  /** Takes a tar stream as `docker save` makes it; answers the references it brought. */
  loadImage(archive: AsyncIterable<Uint8Array>): Promise<readonly string[]>;
  removeImage(reference: string): Promise<void>;

  /** Creates and starts a sandbox. Throws `nameInUse` when this pod already has a sandbox of that attempt. */
  runSandbox(spec: SandboxSpec): Promise<string>;
  /** Creates without starting. Throws `imageNotFound`, `nameInUse`, or `invalid` for options the engine refuses. */
  createContainer(spec: ContainerSpec): Promise<string>;
  /** Throws `startFailed` when the process could not be started; the container then stays, with state `exited`. */
  startContainer(id: string): Promise<void>;
  /**
   * Sends the stop signal and, after `graceMs`, SIGKILL; answers when the container is dead. A second call with a
   * shorter grace takes effect at once. Serves sandboxes too.
   */
  stopContainer(id: string, graceMs: number): Promise<void>;
  /** Kills if needed, and removes. Serves sandboxes too. */
  removeContainer(id: string): Promise<void>;
  /** Everything this agent made: sandboxes and containers, running or not, in no order. */
  list(filter?: { readonly podUid?: string }): Promise<readonly ContainerSummary[]>;
  inspect(id: string): Promise<ContainerStatus>;

  /** Runs a command in a running container. Throws `notRunning`. */
  exec(id: string, options: ExecOptions): Promise<Session>;
  /** Joins the main process. Output starts now. Throws `notRunning`. */
  attach(id: string, options: AttachOptions): Promise<Session>;
  /** Ends at the end of what is written, or, following, when the container dies or `signal` aborts. */
  logs(id: string, options: LogOptions): AsyncIterable<OutputChunk>;
  stats(id: string): Promise<ContainerStats>;
  /** Bytes on disk that are the container's own: what it wrote into its root file system, and its log. */
  diskBytes(id: string): Promise<number>;
  /**
   * Changes of the agent's containers, from now until `signal` aborts. Survives the engine's restarts: it reconnects and
   * asks for what it missed, and says `resync` when it cannot be sure that nothing was lost.
   */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
}

/** `name` is `docker`; versions as the engine tells them. */
export interface RuntimeVersion {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
}

export interface RuntimeInfo {
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  /** Node's word: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Where images and writable layers live: the file system whose room the node reports. */
  readonly dataDir: string;
  readonly cgroupVersion: 1 | 2;
}

export interface Image {
  readonly id: string;
  /** `name:tag`, none for an untagged image. */
  readonly tags: readonly string[];
  /** `name@sha256:…`, none for an image that never saw a registry. */
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** USER of the image, as written: a name or number, perhaps with a group; '' for root. */
  readonly user: string;
}

export interface PullOptions {
  readonly auth?: RegistryAuth;
  readonly signal?: AbortSignal;
}

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly serverAddress: string;
}

/** Whose namespace of one kind a container uses: its own, the sandbox's, the host's, or that of the container with this id. */
export type NamespaceMode = 'own' | 'sandbox' | 'host' | { readonly container: string };

export interface SandboxSpec {
  readonly pod: PodRef;
  readonly attempt: number;
  readonly hostname: string;
  readonly network: 'own' | 'host';
  readonly ipc: 'own' | 'host';
  readonly pid: 'own' | 'host';
  readonly sysctls: Readonly<Record<string, string>>;
  /** Added to those the keeper sets itself. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
  readonly propagation: 'private' | 'rslave' | 'rshared';
}

export interface Device {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Of `r`, `w`, `m`. */
  readonly permissions: string;
}

/** Absent means no limit, or the engine's default. */
export interface ContainerResources {
  readonly cpuShares?: number;
  /** Microseconds of CPU in each `cpuPeriodMicros`. */
  readonly cpuQuotaMicros?: number;
  readonly cpuPeriodMicros?: number;
  readonly memoryLimitBytes?: number;
  readonly oomScoreAdj?: number;
}

export interface ContainerSecurity {
  readonly privileged: boolean;
  /** `uid[:gid]` or a name; absent: the image's. */
  readonly user?: string;
  readonly supplementalGroups: readonly number[];
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly readOnlyRootFilesystem: boolean;
  readonly noNewPrivileges: boolean;
  /** `unconfined`, or the text of a profile. Absent: the engine's default. */
  readonly seccomp?: string;
  /** Profile name or `unconfined`. */
  readonly apparmor?: string;
  /** `unmasked`: /proc is shown whole. */
  readonly procMount: 'default' | 'unmasked';
}

export interface ContainerSpec {
  readonly pod: PodRef;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  /** The image's id or name, present on this node. */
  readonly image: string;
  /** Replaces the image's ENTRYPOINT when not empty. */
  readonly command: readonly string[];
  /** Replaces the image's CMD when not empty. */
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly ipc: 'sandbox' | 'host';
  readonly pid: NamespaceMode;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
  readonly labels: Readonly<Record<string, string>>;
}

export type ContainerRole = 'sandbox' | 'container';

/** `created`: never started. `exited`: was started, or failed to be. */
export type ContainerState = 'created' | 'running' | 'exited';

export interface ContainerSummary {
  readonly id: string;
  readonly role: ContainerRole;
  readonly pod: PodRef;
  /** The container's name in the pod; '' for a sandbox. */
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends ContainerSummary {
  /** As it was named at creation. */
  readonly image: string;
  /** Process id on the host while running, else 0. */
  readonly pid: number;
  /** 0 before the first start. */
  readonly startedAt: number;
  /** 0 while it runs. */
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why the process could not be started; '' when it could. */
  readonly startError: string;
  readonly tty: boolean;
  /** Its main process reads from attached sessions. */
  readonly stdin: boolean;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface AttachOptions {
  readonly stdin: boolean;
}

export interface OutputChunk {
  readonly channel: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** One running conversation with a process. */
export interface Session {
  /** Ends when the process closes its output. To be read once; reading slowly slows the process. */
  readonly output: AsyncIterable<OutputChunk>;
  /** Resolves when there is room for more. Does nothing without stdin, or when the process has gone. */
  write(data: Uint8Array): Promise<void>;
  closeInput(): void;
  resize(size: TerminalSize): Promise<void>;
  /** The exit code, once `output` has ended. For an attached container: that of its main process, if it has ended. */
  exitCode(): Promise<number | undefined>;
  /** Ends the conversation now; an exec'd process that still runs is killed, an attached container is not. */
  close(): Promise<void>;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Lines from the end; absent: all. */
  readonly tail?: number;
  readonly sinceMs?: number;
  readonly signal: AbortSignal;
}

export interface ContainerStats {
  readonly time: number;
  /** Total CPU time used, in nanoseconds. */
  readonly cpuNanoseconds: bigint;
  readonly memoryUsageBytes: number;
  /** Usage without what the kernel can drop at once: Kubernetes' working set. */
  readonly memoryWorkingSetBytes: number;
  /** Processes and threads. */
  readonly pids: number;
}

export type RuntimeEvent =
  | {
      readonly type: 'started' | 'died' | 'oom' | 'removed';
      readonly id: string;
      readonly podUid: string;
      /** Container name; '' for a sandbox. */
      readonly name: string;
      readonly time: number;
    }
  | { readonly type: 'resync' };

export type RuntimeErrorCode =
  | 'notFound'
  | 'notRunning'
  | 'nameInUse'
  | 'imageNotFound'
  | 'imagePull'
  | 'startFailed'
  | 'invalid'
  | 'unavailable'
  | 'internal';

/** What a keeper throws. `unavailable` (the engine does not answer) is the only code worth a blind retry. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

export const isRuntimeError = (error: unknown, ...codes: RuntimeErrorCode[]): error is RuntimeError =>
  error instanceof RuntimeError && codes.includes(error.code);
