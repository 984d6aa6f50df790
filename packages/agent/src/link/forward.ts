/** One forwarded connection to a port of a pod. */
import type { Duplex } from 'node:stream';
import { ApiError, badRequest } from '@skiff/api';
import type { OpenPortForward } from '@skiff/api/wire';
import { roomIn } from '../async/room.ts';
import type { Runtime } from '../runtime/contract.ts';
import { runningSandbox } from './containers.ts';
import type { Conversation } from './conversation.ts';

/** Where a connection is made: inside a sandbox's network namespace. */
export interface PodPlace {
  readonly sandboxId: string;
  /** Path of the namespace, `/proc/<pid>/ns/net`. */
  readonly netns: string;
}

/** Connects to `port` of the loopback address of that namespace. Throws when nobody listens, or the signal aborts. */
export type PodDial = (place: PodPlace, port: number, signal: AbortSignal) => Promise<Duplex>;

const maxPort = 65_535;

/** Returns when the pod's side has closed. */
export async function serveForward(
  parts: { readonly runtime: Runtime; readonly dial: PodDial },
  conversation: Conversation,
  { podUid, port }: OpenPortForward,
): Promise<void> {
  if (port < 1 || port > maxPort) throw badRequest(`${port} is not a port: it must be between 1 and ${maxPort}`);
  const { runtime, dial } = parts;
  const { id } = runningSandbox(await runtime.list({ podUid }), podUid);
  const { pid } = await runtime.inspect(id);
  if (pid === 0) throw new ApiError('NotFound', `pod ${podUid} does not run on this node`);
  const { signal } = conversation;
  const place = { sandboxId: id, netns: `/proc/${pid}/ns/net` };
  const socket = await dial(place, port, signal).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiError('InternalError', `error forwarding port ${port} to pod ${podUid}: ${why}`);
  });
  await carry(socket, conversation);
}

async function carry(socket: Duplex, conversation: Conversation): Promise<void> {
  const { signal } = conversation;
  // A broken connection shows at the read below.
  socket.on('error', () => {});
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    void feed(socket, conversation);
    for await (const data of socket) await conversation.write('stdout', data as Uint8Array);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

async function feed(socket: Duplex, conversation: Conversation): Promise<void> {
  try {
    for await (const piece of conversation.input()) {
      if (socket.destroyed) return;
      if (!socket.write(piece)) await roomIn(socket);
    }
    socket.end();
  } catch {
    // Either side is gone; the read tells.
  }
}
