import { createStepClock, type StepClock, settle } from '@skiff/client/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DownFrame, Open } from './frames.ts';
import { createLink, createLinks, type Link, maxStreams } from './link.ts';
import { createStream, maxFrameBytes, type NodeStream, windowBytes } from './node-stream.ts';

const exec: Open = {
  ...{ type: 'exec', podUid: 'u', container: 'c', command: ['x'] },
  ...{ stdin: true, stdout: true, stderr: true, tty: false },
};

let clock: StepClock;
let sent: DownFrame[];
beforeEach(() => {
  clock = createStepClock();
  sent = [];
});

const linkOf = (nodeName = 'n'): Link =>
  createLink({ nodeName, agentVersion: '1', clock, send: async (frame) => void sent.push(frame) });

/** Output of a stream as text, and why it failed. */
async function readAll(stream: NodeStream): Promise<{ text: string; failed: string | undefined }> {
  let text = '';
  try {
    for await (const { data } of stream.output()) text += Buffer.from(data).toString();
  } catch (error) {
    return { text, failed: (error as Error).message };
  }
  return { text, failed: undefined };
}

const data = (stream: number, text: string | Uint8Array) =>
  ({ stream, type: 'data', channel: 'stdout', data: Buffer.from(text) }) as const;
const inputBytes = (): number => sent.reduce((sum, frame) => sum + (frame.type === 'data' ? frame.data.length : 0), 0);

describe('input', () => {
  it('is sent in frames of 64 KiB until the window is full, and goes on with credit', async () => {
    const link = linkOf();
    const stream = link.open(exec);
    let done = false;
    const writing = stream.write(new Uint8Array(windowBytes + 10)).then(() => (done = true));
    await settle();
    expect([inputBytes(), done]).toEqual([windowBytes, false]);
    expect(sent.every((frame) => frame.type !== 'data' || frame.data.length <= maxFrameBytes)).toBe(true);
    link.receive({ stream: 1, type: 'credit', bytes: 9 });
    await settle();
    expect(done).toBe(false);
    link.receive({ stream: 1, type: 'credit', bytes: 1 });
    await writing;
    expect(inputBytes()).toBe(windowBytes + 10);
    link.close('end');
  });

  it('cannot be sent further than the window by credit for what was never sent', async () => {
    const link = linkOf();
    const stream = link.open(exec);
    link.receive({ stream: 1, type: 'credit', bytes: 0xffff_ffff });
    const writing = stream.write(new Uint8Array(2 * windowBytes)).catch((error: Error) => error.message);
    await settle();
    expect(inputBytes()).toBe(windowBytes);
    link.close('end');
    expect(await writing).toBe('the stream is over');
  });

  it('waits for a link that has no room, and not beyond its end', async () => {
    const rooms: (() => void)[] = [];
    const send = () => new Promise<void>((room) => rooms.push(room));
    const link = createLink({ nodeName: 'n', agentVersion: '1', clock, send });
    const stream = link.open(exec);
    let written = 0;
    const writing = (async () => {
      for (; written < 3; written++) await stream.write(new Uint8Array(1));
    })().catch((error: Error) => error.message);
    await settle();
    expect(written).toBe(0);
    rooms.at(-1)?.();
    await settle();
    expect(written).toBe(1);
    link.close('the agent does not answer');
    expect(await writing).toBe('the stream is over');
    expect(written).toBe(1);
  });

  it('ends once', () => {
    const stream = linkOf().open(exec);
    stream.endInput();
    stream.endInput();
    expect(sent.filter(({ type }) => type === 'endInput')).toHaveLength(1);
  });
});

describe('output', () => {
  it('gives credit as it is read, in steps', async () => {
    const link = linkOf();
    const output = link.open(exec).output()[Symbol.asyncIterator]();
    const credits = () => sent.flatMap((frame) => (frame.type === 'credit' ? [frame.bytes] : []));
    for (let i = 0; i < 4; i++) link.receive(data(1, new Uint8Array(maxFrameBytes - 1)));
    expect(credits()).toEqual([]);
    await output.next();
    expect(credits()).toEqual([]);
    await output.next();
    expect(credits()).toEqual([2 * (maxFrameBytes - 1)]);
    link.close('end');
  });

  it('beyond the window ends the stream, and only that', async () => {
    const link = linkOf();
    const [bad, good] = [link.open(exec), link.open(exec)];
    link.receive(data(1, new Uint8Array(windowBytes)));
    link.receive(data(1, 'x'));
    expect((await bad.outcome).status).toMatchObject({ reason: 'InternalError', code: 500 });
    expect(sent.filter(({ type }) => type === 'end')).toEqual([{ stream: 1, type: 'end' }]);
    link.receive(data(2, 'fine'));
    link.receive({ stream: 2, type: 'end', outcome: { exitCode: 0, status: undefined } });
    expect(await readAll(good)).toEqual({ text: 'fine', failed: undefined });
    link.close('end');
  });

  it('never holds more than the window and never stalls, whatever the reader’s pace', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ send: fc.nat(maxFrameBytes), reads: fc.nat(3) }), { maxLength: 60 }),
        async (steps) => {
          let room = windowBytes;
          const end = createStream(
            1,
            async (frame) => {
              if (frame.type === 'credit') room += frame.bytes;
            },
            () => {},
          );
          const output = end.stream.output()[Symbol.asyncIterator]();
          let queued = 0;
          for (const { send, reads } of steps) {
            const bytes = Math.min(send, room);
            room -= bytes;
            queued++;
            end.receive('stdout', new Uint8Array(bytes));
            for (let i = 0; i < Math.min(reads, queued); i++) await output.next();
            queued -= Math.min(reads, queued);
          }
          for (; queued > 0; queued--) await output.next();
          expect(room).toBeGreaterThan(windowBytes - maxFrameBytes);
          end.end({ exitCode: 0, status: undefined });
          expect(await output.next()).toEqual({ done: true, value: undefined });
        },
      ),
    );
  });

  it('that is given up tells the agent once, and ends', async () => {
    const stream = linkOf().open(exec);
    const reading = readAll(stream);
    stream.cancel();
    stream.cancel();
    expect(await reading).toEqual({ text: '', failed: 'the stream was given up' });
    expect(sent.filter(({ type }) => type === 'end')).toHaveLength(1);
    await expect(stream.write(new Uint8Array(1))).rejects.toThrow('the stream is over');
  });
});

describe('a node that vanishes in the middle', () => {
  it('ends every stream with what came before, and who waits to write', async () => {
    const link = linkOf();
    const [reader, writer] = [link.open(exec), link.open(exec)];
    link.receive(data(1, 'half'));
    const reading = readAll(reader);
    const writing = writer.write(new Uint8Array(windowBytes + 1)).catch((error: Error) => error.message);
    link.close('the connection was closed');
    const failed = 'the connection to node "n" ended: the connection was closed';
    expect(await reading).toEqual({ text: 'half', failed });
    expect(await writing).toBe('the stream is over');
    expect((await writer.outcome).status).toMatchObject({ reason: 'ServiceUnavailable', code: 503, message: failed });
    expect(link.streams).toBe(0);
    expect(() => link.open(exec)).toThrow(failed);
    expect(clock.pending).toBe(0);
  });
});

describe('an agent that never answers', () => {
  it('is pinged, and given up after 30 s', async () => {
    const link = linkOf();
    const stream = link.open(exec);
    await clock.advance(29_999);
    expect(link.closed.aborted).toBe(false);
    expect(sent.filter(({ type }) => type === 'ping')).toHaveLength(2);
    await clock.advance(1);
    expect((await stream.outcome).status?.message).toBe('the connection to node "n" ended: the agent does not answer');
    expect(clock.pending).toBe(0);
  });

  it('is alive as long as it says anything', async () => {
    const link = linkOf();
    for (let i = 0; i < 10; i++) {
      await clock.advance(20_000);
      link.receive({ stream: 0, type: 'pong' });
    }
    expect(link.closed.aborted).toBe(false);
    link.close('end');
  });
});

describe('streams of a link', () => {
  it('are bounded', () => {
    const link = linkOf();
    for (let i = 0; i < maxStreams; i++) link.open(exec);
    expect(() => link.open(exec)).toThrow('too many open streams');
    link.receive({ stream: 7, type: 'end', outcome: { exitCode: 0, status: undefined } });
    expect(() => link.open(exec)).not.toThrow();
    link.close('end');
  });

  it('do not hear what is said to one that is over, or never was', async () => {
    const link = linkOf();
    const stream = link.open(exec);
    stream.cancel();
    link.receive(data(1, 'late'));
    link.receive(data(99, 'nobody'));
    link.receive({ stream: 1, type: 'end', outcome: { exitCode: 3, status: undefined } });
    expect(await stream.outcome).toMatchObject({ exitCode: undefined });
    link.close('end');
  });
});

describe('two links of one node', () => {
  it('are one: the newer takes over, and the end of the older takes nothing away', async () => {
    const links = createLinks();
    const [older, newer] = [linkOf(), linkOf()];
    links.add(older);
    const stream = older.open(exec);
    links.add(newer);
    expect((await stream.outcome).status?.message).toContain('the agent linked again');
    expect(older.closed.aborted).toBe(true);
    expect([links.of('n') === newer, links.count]).toEqual([true, 1]);
    older.close('again');
    expect(links.of('n')).toBe(newer);
    newer.close('end');
    expect(links.count).toBe(0);
    expect(() => links.of('n')).toThrow('node "n" has no connection to this API server');
  });

  it('are all closed at the end', () => {
    const links = createLinks();
    const all = ['a', 'b', 'c'].map(linkOf);
    all.forEach(links.add);
    links.closeAll('shutting down');
    expect(all.map(({ closed }) => closed.aborted)).toEqual([true, true, true]);
    expect([links.count, clock.pending]).toEqual([0, 0]);
  });
});
