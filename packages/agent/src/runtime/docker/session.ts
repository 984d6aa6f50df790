/** A conversation over one hijacked connection: an exec'd command, or an attached container. */
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { roomIn } from '../../async/room.ts';
import type { OutputChunk, Session, TerminalSize } from '../contract.ts';
import { demux, raw } from './demux.ts';

export interface SessionParts {
  readonly socket: Duplex;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly resize: (size: TerminalSize) => Promise<void>;
  readonly exitCode: () => Promise<number | undefined>;
  /** Kills what the conversation started, once the connection is closed. */
  readonly kill: () => Promise<void>;
}

export function createSession(parts: SessionParts): Session {
  const { socket, tty, stdin } = parts;
  // A broken connection shows at the end of `output`; without a listener it would end the agent.
  socket.on('error', () => {});
  let finished = false;
  async function* read(): AsyncGenerator<OutputChunk, void, void> {
    const source = socket as AsyncIterable<Uint8Array>;
    yield* tty ? raw(source) : demux(source);
    finished = true;
  }
  return {
    output: read(),
    async write(data) {
      if (!stdin || socket.destroyed || socket.writableEnded) return;
      if (!socket.write(data)) await roomIn(socket);
    },
    closeInput() {
      if (stdin && !socket.destroyed && !socket.writableEnded) socket.end();
    },
    resize: parts.resize,
    exitCode: parts.exitCode,
    async close() {
      socket.destroy();
      if (!finished) await parts.kill();
    },
  };
}

/**
 * Kills an exec'd process by its number on the host, since Docker's API cannot. The number may have been given to another
 * process meanwhile, so its cgroup must be the container's.
 */
export async function killInContainer(pid: number, containerId: string): Promise<void> {
  if (pid <= 1) return;
  const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  if (!cgroups.includes(containerId)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
