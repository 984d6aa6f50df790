/** A process of the fake runtime: statements run on a clock that a test steps. */
import type { Clock } from '@skiff/api';
import { createChannel } from '../../async/channel.ts';
import type { OutputChunk } from '../contract.ts';
import type { Statement } from './script.ts';

export interface ProcessIO {
  readonly output: (chunk: OutputChunk) => void;
  readonly writeFile: (path: string, text: string) => void;
}

export class FakeProcess {
  /** Resolves with the exit code: 128 + signal number when a signal ended it. */
  readonly exited: Promise<number>;
  readonly #input = createChannel<Uint8Array>();
  readonly #killed = new AbortController();
  #ignoresTerm = false;

  constructor(statements: readonly Statement[], clock: Clock, io: ProcessIO) {
    this.exited = this.#run(statements, clock, io);
  }

  write(data: Uint8Array): void {
    this.#input.push(data);
  }

  closeInput(): void {
    this.#input.end();
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (name === 'SIGTERM' && this.#ignoresTerm) return;
    if (!this.#killed.signal.aborted) this.#killed.abort(name === 'SIGTERM' ? 143 : 137);
  }

  async #run(statements: readonly Statement[], clock: Clock, io: ProcessIO): Promise<number> {
    const killed = new Promise<number>((resolve) => {
      this.#killed.signal.addEventListener('abort', () => resolve(this.#killed.signal.reason as number), {
        once: true,
      });
    });
    // A process never ends in the tick that started it.
    await Promise.resolve();
    for (const statement of statements) {
      const code = await Promise.race([this.#step(statement, clock, io), killed]);
      if (this.#killed.signal.aborted) return this.#killed.signal.reason as number;
      if (code !== undefined) return code;
    }
    return 0;
  }

  /** The exit code when the statement ends the process. */
  async #step(statement: Statement, clock: Clock, io: ProcessIO): Promise<number | undefined> {
    switch (statement.type) {
      case 'echo': {
        const text = `${statement.text}\n`;
        if (typeof statement.to === 'object') io.writeFile(statement.to.file, text);
        else io.output({ channel: statement.to, data: new TextEncoder().encode(text) });
        return undefined;
      }
      case 'sleep':
        await this.#sleep(clock, statement.seconds * 1000);
        return undefined;
      case 'cat':
        for await (const data of this.#input) io.output({ channel: 'stdout', data });
        return undefined;
      case 'exit':
        return statement.code;
      case 'ignoreTerm':
        this.#ignoresTerm = true;
        return undefined;
      case 'unknown':
        io.output({ channel: 'stderr', data: new TextEncoder().encode(`sh: ${statement.command}: not found\n`) });
        return 127;
    }
  }

  #sleep(clock: Clock, delayMs: number): Promise<void> {
    if (!Number.isFinite(delayMs)) return new Promise(() => {});
    return clock.sleep(delayMs, this.#killed.signal).catch(() => {});
  }
}
