/** Reads over the REST door, timed. */
import http2 from 'node:http2';
import type { BenchServer } from './server.ts';

export interface Timed {
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly bytes: number;
}

export interface RestReader {
  /** Throws for any status but 200. */
  get(path: string): Promise<Timed>;
  /** The same, with the answer itself. */
  text(path: string): Promise<string>;
  close(): void;
}

/** As Go's client, which is kubectl's: a reader lets so much come at a time, and all of them together more. */
const streamWindow = 4 * 1024 * 1024;
const sessionWindow = 1024 ** 3;

export function restReader({ rest, admin }: BenchServer): RestReader {
  const session = http2.connect(`https://${rest}`, { ...admin, settings: { initialWindowSize: streamWindow } });
  session.once('connect', () => session.setLocalWindowSize(sessionWindow));
  session.on('error', () => undefined);
  const read = (path: string, take: (chunk: Buffer) => void): Promise<Timed> =>
    new Promise((resolve, reject) => {
      const beganMs = performance.now();
      let firstByteMs = 0;
      let bytes = 0;
      const stream = session.request({ ':path': path, accept: 'application/json' });
      stream.on('response', (headers) => {
        if (headers[':status'] !== 200) reject(new Error(`${path}: ${headers[':status']}`));
      });
      stream.on('data', (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - beganMs;
        bytes += chunk.length;
        take(chunk);
      });
      stream.on('error', reject);
      stream.on('end', () => resolve({ firstByteMs, totalMs: performance.now() - beganMs, bytes }));
      stream.end();
    });
  return {
    get: (path) => read(path, () => undefined),
    async text(path) {
      const chunks: Buffer[] = [];
      await read(path, (chunk) => chunks.push(chunk));
      return Buffer.concat(chunks).toString();
    },
    close: () => session.close(),
  };
}

/** A number of the server's own, by its name on the metrics page. */
export async function readMetric(reader: RestReader, name: string): Promise<number> {
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(await reader.text('/metrics')) ?? [];
  return Number(value ?? Number.NaN);
}

/** Asks for something small every few milliseconds until stopped: the longest wait is how long the server's event loop was blocked at most. */
export function startPings(reader: RestReader, everyMs = 5): { stop(): Promise<number> } {
  let stopped = false;
  let longestMs = 0;
  const run = async (): Promise<void> => {
    while (!stopped) {
      longestMs = Math.max(longestMs, (await reader.get('/livez')).totalMs);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      await running;
      return longestMs;
    },
  };
}
