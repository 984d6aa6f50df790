/**
 * Connections made inside pods' network namespaces. A socket belongs for life to the namespace it was made in, and may be handed
 * to another process: so a small process of Node enters the namespace, connects there, and hands the open socket to the agent,
 * which then reads and writes it like any other. No relay stands between, nothing has to be in the pod's image, and a program that
 * listens on 127.0.0.1 only is reached, in a pod with the host's network as well.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Clock, Timer } from '@skiff/api';
import { orAborted, withDeadline } from '../async/deadline.ts';
import type { PodDial, PodPlace } from './forward.ts';

export interface NetnsDialer {
  readonly dial: PodDial;
  /** Ends the processes. Connections stay. */
  close(): void;
}

export interface DialRequest {
  readonly id: number;
  readonly port: number;
}

/** Comes with the socket, unless it has an error. */
export interface DialAnswer {
  readonly id: number;
  readonly error?: string;
}

const connectTimeoutMs = 10_000;
/** A browser's many connections share one process; one that is not used any more goes soon, since it holds the namespace. */
const idleMs = 10_000;
const program = fileURLToPath(new URL('./netns-connect.ts', import.meta.url));

interface Helper {
  connect(port: number): Promise<Socket>;
  stop(): void;
}

export function createNetnsDialer(clock: Clock): NetnsDialer {
  const helpers = new Map<string, Helper>();

  const helperIn = ({ sandboxId, netns }: PodPlace): Helper => {
    const present = helpers.get(sandboxId);
    if (present !== undefined) return present;
    const helper = startHelper(netns, clock, () => {
      if (helpers.get(sandboxId) === helper) helpers.delete(sandboxId);
    });
    helpers.set(sandboxId, helper);
    return helper;
  };

  return {
    dial(place, port, signal) {
      return withDeadline(
        clock,
        connectTimeoutMs,
        async (within) => {
          const connecting = helperIn(place).connect(port);
          // Nobody waits for a socket that comes too late.
          connecting.then((socket) => within.aborted && socket.destroy()).catch(() => {});
          return orAborted(connecting, within);
        },
        signal,
      );
    },
    close() {
      for (const helper of helpers.values()) helper.stop();
    },
  };
}

function startHelper(netns: string, clock: Clock, onGone: () => void): Helper {
  const child = spawn('nsenter', [`--net=${netns}`, '--', process.execPath, program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {},
  });
  const waiting = new Map<number, PromiseWithResolvers<Socket>>();
  let lastId = 0;
  let words = '';
  let timer: Timer | undefined;

  const rest = (): void => {
    timer?.cancel();
    timer = waiting.size > 0 ? undefined : clock.after(idleMs, stop);
  };
  const stop = (): void => {
    timer?.cancel();
    onGone();
    child.kill();
  };
  const fail = (why: string): void => {
    timer?.cancel();
    onGone();
    for (const { reject } of waiting.values()) reject(new Error(why));
    waiting.clear();
  };

  child.stderr?.on('data', (part: Buffer) => {
    words = (words + part.toString()).slice(-1024);
  });
  child.on('error', (error) => fail(`cannot enter the network namespace: ${error.message}`));
  child.on('close', () => fail(`cannot enter the network namespace: ${words.trim()}`));
  child.on('message', (message, handle) => {
    const { id, error } = message as DialAnswer;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error !== undefined) asked?.reject(new Error(error));
    else if (handle === undefined) asked?.reject(new Error('the connection was lost on its way'));
    else if (asked === undefined) (handle as Socket).destroy();
    else asked.resolve(handle as Socket);
    rest();
  });

  return {
    connect(port) {
      const id = ++lastId;
      const asked = Promise.withResolvers<Socket>();
      waiting.set(id, asked);
      rest();
      // A process that cannot be spoken to has ended or must end, and its end says why.
      ask(child, { id, port }, () => child.kill());
      return asked.promise;
    },
    stop,
  };
}

function ask(child: ChildProcess, request: DialRequest, onError: () => void): void {
  child.send(request, (error) => {
    if (error !== null) onError();
  });
}
