/** exec and attach: a session with a process, carried in all directions. */
import type { Clock } from '@skiff/api';
import type { OpenExec } from '@skiff/api/wire';
import type { Runtime, Session } from '../runtime/contract.ts';
import { inRunning } from './containers.ts';
import type { Conversation } from './conversation.ts';

/** Runs a command and answers its exit code. */
export async function serveExec(
  parts: { readonly runtime: Runtime; readonly clock: Clock },
  conversation: Conversation,
  open: OpenExec,
): Promise<number> {
  const { runtime, clock } = parts;
  const { podUid, container, command, stdin, tty } = open;
  const exec = (id: string): Promise<Session> => runtime.exec(id, { command, stdin, tty });
  const session = await inRunning(await runtime.list({ podUid }), container, 'exec', exec);
  return carry(session, conversation, open, () => exitCodeOf(session, clock, conversation.signal));
}

/** Returns when the container's output ends. Its exit code is the pod's affair: kubectl reads it from the pod's status. */
export async function serveAttach(runtime: Runtime, conversation: Conversation, open: OpenExec): Promise<void> {
  const { podUid, container, stdin } = open;
  const attach = (id: string): Promise<Session> => runtime.attach(id, { stdin });
  const session = await inRunning(await runtime.list({ podUid }), container, 'attach', attach);
  await carry(session, conversation, open, async () => {});
}

async function carry<T>(
  session: Session,
  conversation: Conversation,
  open: OpenExec,
  result: () => Promise<T>,
): Promise<T> {
  const { signal } = conversation;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= session.close());
  // The read below ends with the session; what close has to say is heard in `finally`.
  const onAbort = (): void => void close().catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    if (open.tty) void resizeAll(session, conversation);
    if (open.stdin) void feed(session, conversation);
    for await (const { channel, data } of session.output) {
      if (channel === 'stdout' ? open.stdout : open.stderr) await conversation.write(channel, data);
    }
    signal.throwIfAborted();
    return await result();
  } finally {
    signal.removeEventListener('abort', onAbort);
    await close();
  }
}

async function feed(session: Session, conversation: Conversation): Promise<void> {
  try {
    for await (const piece of conversation.input()) await session.write(piece);
    session.closeInput();
  } catch {
    // The conversation is over, or the process is: the output tells.
  }
}

async function resizeAll(session: Session, conversation: Conversation): Promise<void> {
  for await (const size of conversation.sizes()) {
    // A process that has just ended has no size.
    await session.resize(size).catch(() => {});
  }
}

const firstPollMs = 10;
const longestPollMs = 1000;

/** The engine may tell the exit code a moment after the output ended, or much later when the process had closed its output and runs on. */
async function exitCodeOf(session: Session, clock: Clock, signal: AbortSignal): Promise<number> {
  for (let waitMs = firstPollMs; ; waitMs = Math.min(waitMs * 2, longestPollMs)) {
    const code = await session.exitCode();
    if (code !== undefined) return code;
    await clock.sleep(waitMs, signal);
  }
}
