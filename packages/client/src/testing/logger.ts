/** Loggers for tests: one that says nothing, one that keeps what was said. */
import type { Logger } from '@skiff/api';

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface KeepingLogger extends Logger {
  readonly lines: readonly LogLine[];
}

/** Children write into the same list, with their bindings. */
export function createKeepingLogger(): KeepingLogger {
  const lines: LogLine[] = [];
  const make = (bindings: object): KeepingLogger => {
    const at =
      (level: LogLine['level']) =>
      (fields: object, message: string): void =>
        void lines.push({ level, fields: { ...bindings, ...fields }, message });
    return {
      lines,
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => make({ ...bindings, ...more }),
    };
  };
  return make({});
}
