/**
 * Docker's calls, bare: each is one request, its failures are RuntimeErrors, and each has an end in time. Two clients: one
 * for calls, with kept-alive connections and a socket timeout; one for streams and long calls, which a socket timeout
 * would cut (it counts silence) and which must not share the calls' connections.
 */
import { Agent } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { inspect } from 'node:util';
import type { Clock } from '@skiff/api';
import Docker from 'dockerode';
import { withDeadline } from '../../async/deadline.ts';
import type { RegistryAuth, RuntimeErrorCode } from '../contract.ts';
import { toRuntimeError } from './errors.ts';

/** The types of dockerode do not know it. */
const withSize: object = { size: true };

const callTimeoutMs = 60_000;
const maxSockets = 32;

/** docker-modem writes every request's options out in full for a log that is off, sockets and all: most of the agent's time. */
class QuietAgent extends Agent {
  [inspect.custom](): string {
    return 'QuietAgent';
  }
}

export type Exec = Docker.Exec;

type Codes = Readonly<Record<number, RuntimeErrorCode>>;

export class DockerAdapter {
  readonly #short: Docker;
  readonly #long: Docker;
  readonly #clock: Clock;
  readonly #agents: readonly Agent[];

  /** `version` is `v1.41`; absent only for the first question, which is the version. */
  constructor(socketPath: string, clock: Clock, version?: string) {
    this.#clock = clock;
    const keepAlive = new QuietAgent({ keepAlive: true, maxSockets });
    const single = new QuietAgent({ keepAlive: false });
    this.#agents = [keepAlive, single];
    const pinned = version === undefined ? {} : { version };
    // `host` is named so that DOCKER_HOST in the environment cannot lead elsewhere.
    const base = { socketPath, host: undefined, protocol: 'http' as const, ...pinned };
    this.#short = new Docker({ ...base, timeout: callTimeoutMs, ...{ agent: keepAlive } });
    this.#long = new Docker({ ...base, ...{ agent: single } });
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  version = () => this.#call((docker) => docker.version());

  info = (): Promise<Record<string, unknown>> => this.#call((docker) => docker.info());

  inspectImage = (reference: string) => this.#call((docker) => docker.getImage(reference).inspect());

  listImages = () => this.#call((docker) => docker.listImages());

  /** The progress stream; the pull goes on only while it is read. */
  pullImage = (reference: string, auth: RegistryAuth | undefined, signal?: AbortSignal): Promise<Readable> => {
    const authconfig = auth === undefined ? {} : { authconfig: toAuthConfig(auth) };
    const abort = signal === undefined ? {} : { abortSignal: signal };
    return this.#open((docker) => docker.pull(reference, { ...authconfig, ...abort }) as Promise<Readable>);
  };

  loadImage = (archive: Readable): Promise<Readable> =>
    this.#open((docker) => docker.loadImage(archive as unknown as NodeJS.ReadableStream, {}) as Promise<Readable>);

  removeImage = async (reference: string): Promise<void> => {
    await this.#call((docker) => docker.getImage(reference).remove());
  };

  createContainer = (options: Docker.ContainerCreateOptions): Promise<string> =>
    this.#call(async (docker) => (await docker.createContainer(options)).id, {
      400: 'invalid',
      404: 'imageNotFound',
      409: 'nameInUse',
    });

  startContainer = async (id: string): Promise<void> => {
    await this.#call((docker) => docker.getContainer(id).start(), {
      400: 'startFailed',
      403: 'startFailed',
      409: 'startFailed',
      500: 'startFailed',
    });
  };

  /** Docker counts whole seconds. The call lasts as long as the stop does; 304 is its answer for a dead container. */
  stopContainer = async (id: string, graceMs: number): Promise<void> => {
    const seconds = Math.ceil(graceMs / 1000);
    await this.#lasting(graceMs + callTimeoutMs, (docker) => docker.getContainer(id).stop({ t: seconds }), {
      304: 'notRunning',
    });
  };

  killContainer = async (id: string): Promise<void> => {
    await this.#call((docker) => docker.getContainer(id).kill(), { 409: 'notRunning' });
  };

  removeContainer = async (id: string): Promise<void> => {
    await this.#call((docker) => docker.getContainer(id).remove({ force: true, v: true }));
  };

  waitContainer = (id: string, timeoutMs: number): Promise<unknown> =>
    this.#lasting(timeoutMs, (docker) => docker.getContainer(id).wait());

  inspectContainer = (id: string) => this.#call((docker) => docker.getContainer(id).inspect());

  /** With `SizeRw`, which the engine has to add up. */
  inspectContainerSize = (id: string): Promise<Docker.ContainerInspectInfo & { readonly SizeRw?: number }> =>
    this.#call((docker) => docker.getContainer(id).inspect(withSize));

  listContainers = (labels: readonly string[]) =>
    this.#call((docker) => docker.listContainers({ all: true, filters: { label: [...labels] } }));

  createExec = (id: string, options: Docker.ExecCreateOptions): Promise<Docker.Exec> =>
    this.#call((docker) => docker.getContainer(id).exec(options), { 409: 'notRunning' });

  /** Always hijacked: without it the end of stdin would close the whole connection. */
  startExec = (exec: Docker.Exec, tty: boolean): Promise<Duplex> =>
    this.#open((docker) => docker.getExec(exec.id).start({ hijack: true, stdin: true, Tty: tty }), {
      409: 'notRunning',
    });

  inspectExec = (exec: Docker.Exec) => this.#call((docker) => docker.getExec(exec.id).inspect());

  resizeExec = async (exec: Docker.Exec, w: number, h: number): Promise<void> => {
    await this.#call((docker) => docker.getExec(exec.id).resize({ w, h }));
  };

  resizeContainer = async (id: string, w: number, h: number): Promise<void> => {
    await this.#call((docker) => docker.getContainer(id).resize({ w, h }));
  };

  attach = (id: string, stdin: boolean): Promise<Duplex> =>
    this.#open(
      (docker) =>
        docker
          .getContainer(id)
          .attach({ stream: true, hijack: true, stdin, stdout: true, stderr: true }) as unknown as Promise<Duplex>,
      { 409: 'notRunning' },
    );

  /** Streamed even without following: dockerode would collect the whole log in memory. */
  logs = (id: string, query: Readonly<Record<string, string | number | boolean>>): Promise<Readable> =>
    this.#open((docker) => dialStream(docker, `/containers/${id}/logs?`, query));

  events = (query: Readonly<Record<string, string>>): Promise<Readable> =>
    this.#open((docker) => dialStream(docker, '/events?', query));

  stats = (id: string): Promise<Docker.ContainerStats> =>
    this.#call((docker) => docker.getContainer(id).stats({ stream: false, 'one-shot': true }));

  #call<T>(run: (docker: Docker) => Promise<T>, codes: Codes = {}): Promise<T> {
    return this.#bounded(callTimeoutMs, () => run(this.#short), codes);
  }

  #lasting<T>(timeoutMs: number, run: (docker: Docker) => Promise<T>, codes: Codes = {}): Promise<T> {
    return this.#bounded(timeoutMs, () => run(this.#long), codes);
  }

  /** Bounded is the opening only; what it opens lives on. */
  #open<T>(run: (docker: Docker) => Promise<T>, codes: Codes = {}): Promise<T> {
    return this.#bounded(callTimeoutMs, () => run(this.#long), codes);
  }

  /** docker-modem may lose an answer whose connection breaks in its middle, and then never settles: hence the deadline. */
  async #bounded<T>(timeoutMs: number, run: () => Promise<T>, codes: Codes): Promise<T> {
    try {
      return await withDeadline(this.#clock, timeoutMs, run);
    } catch (error) {
      throw toRuntimeError(error, codes);
    }
  }
}

function toAuthConfig({ username, password, identityToken, serverAddress }: RegistryAuth): Docker.AuthConfigObject {
  return {
    serveraddress: serverAddress,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
  };
}

interface Dialer {
  dial(options: object, callback: (error: unknown, stream: Readable) => void): void;
}

function dialStream(docker: Docker, path: string, query: object): Promise<Readable> {
  const options = {
    path,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    options: { ...query },
  };
  return new Promise((resolve, reject) => {
    (docker.modem as Dialer).dial(options, (error, stream) => {
      if (error === null || error === undefined) resolve(stream);
      else reject(error);
    });
  });
}
