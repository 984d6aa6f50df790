/** A forwarded connection as a Node stream, for whatever speaks over one: HTTP, TLS. */
import { Duplex } from 'node:stream';
import type { NodeStream } from './node-stream.ts';

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Reads as fast as it is read; destroying it gives the conversation up. */
export function duplexOf(stream: NodeStream): Duplex {
  const output = stream.output()[Symbol.asyncIterator]();
  let reading = false;
  const pull = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      for (let room = true; room; ) {
        const next = await output.next();
        room = duplex.push(next.done === true ? null : next.value.data);
      }
    } catch (error) {
      duplex.destroy(asError(error));
    } finally {
      reading = false;
    }
  };
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void pull(),
    write(data: Buffer, _encoding, done) {
      stream.write(data).then(
        () => done(),
        (error: unknown) => done(asError(error)),
      );
    },
    final(done) {
      stream.endInput();
      done();
    },
    destroy(error, done) {
      stream.cancel();
      done(error);
    },
  });
  return duplex;
}
