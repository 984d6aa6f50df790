/** Streams of too much, by the numbers of the list of hostile inputs: what they cost a server that has a process of its own. */
import { createDeflate, constants as zlib } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Conversation, linkAgent } from '../../grpc/testing/agent.ts';
import { runningPod } from '../../grpc/testing/pods.ts';
import { expectMeasuredUnharmed } from '../testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from '../testing/measured.ts';
import { dataFrame, synStreamFrame } from './spdy-frames.ts';
import { clientFrame, type Raw, spdyHeaders, spdyOpener, upgraded, webSocketHeaders } from './testing/raw.ts';

// A million frames: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 180_000, expect: { poll: { timeout: 120_000 } } });

let at: MeasuredServer;
let taken = 0;
const turnMs = 50;
const megabyte = 1024 * 1024;

async function swallow({ input }: Conversation): Promise<void> {
  for await (const piece of input) taken += piece.length;
}

beforeAll(async () => {
  at = await startMeasuredServer();
  linkAgent(at, await at.issue('system:node:n', ['system:nodes']), 'n', swallow);
  await runningPod(at, 'p', 'n');
  // Until the link stands, an exec is told that it does not.
  await vi.waitFor(async () => (await exec()).socket.destroy(), 30_000);
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

const exec = (): Promise<Raw> => upgraded(at, 'p/exec?command=cat&stdin=1&stdout=1', webSocketHeaders());
const forward = (): Promise<Raw> => upgraded(at, 'p/portforward', spdyHeaders('portforward.k8s.io'));

/** Writes all of it, unless the server closes before. */
async function write({ socket, closed }: Raw, bytes: Uint8Array): Promise<void> {
  await Promise.race([new Promise((sent) => socket.write(bytes, sent)), closed]);
}

describe('H-188 WebSocket', () => {
  it('a million frames of one byte arrive, and others have their turn', async () => {
    const raw = await exec();
    const count = 1_000_000;
    const before = await at.memory();
    const frames = Buffer.alloc(count * 8, clientFrame(2, Buffer.from([0, 0x78])));
    const send = async (): Promise<void> => {
      taken = 0;
      await write(raw, frames);
      await expect.poll(() => taken).toBe(count);
    };
    expect(await at.longestTurn(send, turnMs)).toBeLessThan(turnMs);
    expect((await at.memory()) - before).toBeLessThan(64 * megabyte);
    raw.socket.destroy();
  });

  it('H-191 a million sizes of a terminal cost a bound of memory, and others have their turn', async () => {
    const raw = await exec();
    const before = await at.memory();
    const one = clientFrame(2, Buffer.from('\x04{"Width":80,"Height":24}'));
    const sizes = Buffer.alloc(1_000_000 * one.length, one);
    expect(await at.longestTurn(() => write(raw, sizes), turnMs)).toBeLessThan(turnMs);
    expect((await at.memory()) - before).toBeLessThan(64 * megabyte);
    raw.socket.destroy();
  });

  it('a million pings are answered, or not, and others have their turn', async () => {
    const before = await at.memory();
    const pings = Buffer.alloc(1_000_000 * 6, clientFrame(9, Buffer.alloc(0)));
    for (const isRead of [true, false]) {
      const send = async (): Promise<void> => {
        const raw = await exec();
        if (!isRead) raw.socket.pause();
        const sent = write(raw, pings);
        if (isRead) await sent;
        expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
        raw.socket.destroy();
      };
      expect(await at.longestTurn(send, turnMs)).toBeLessThan(turnMs);
    }
    expect((await at.memory()) - before).toBeLessThan(64 * megabyte);
  });
});

describe('H-189 SPDY', () => {
  it('10 000 streams cost some kilobytes each', async () => {
    const raw = await forward();
    const open = spdyOpener();
    const opened: Buffer[] = [];
    for (let i = 0; i < 10_000; i++)
      opened.push(await open(2 * i + 1, { streamtype: 'error', port: '80', requestid: String(i) }));
    const before = await at.memory();
    expect(await at.longestTurn(() => write(raw, Buffer.concat(opened)), turnMs)).toBeLessThan(turnMs);
    expect((await at.request('/api/v1/namespaces/default')).status).toBe(200);
    expect((await at.memory()) - before).toBeLessThan(32 * megabyte);
    raw.socket.destroy();
  });

  it('headers that inflate to 64 MiB are never inflated', async () => {
    const deflate = createDeflate({ flush: zlib.Z_SYNC_FLUSH });
    const parts: Buffer[] = [];
    deflate.on('data', (part: Buffer) => parts.push(part));
    await new Promise((done) => deflate.write(Buffer.alloc(64 * megabyte), done));
    const bomb = synStreamFrame(1, Buffer.concat(parts));
    const before = await at.memory();
    const send = async (): Promise<void> => {
      const raw = await forward();
      raw.socket.write(bomb);
      await raw.closed;
    };
    expect(await at.longestTurn(send, turnMs)).toBeLessThan(turnMs);
    expect((await at.memory()) - before).toBeLessThan(32 * megabyte);
  });

  it('data before their stream are not kept', async () => {
    const raw = await forward();
    const early = dataFrame(3, Buffer.alloc(megabyte), false);
    const before = await at.memory();
    const send = async (): Promise<void> => {
      for (let i = 0; i < 256; i++) await write(raw, early);
    };
    expect(await at.longestTurn(send, turnMs)).toBeLessThan(turnMs);
    // Much of it is on its way to the collector.
    expect((await at.memory()) - before).toBeLessThan(192 * megabyte);
    raw.socket.destroy();
  });
});
