import { EventEmitter, once } from 'node:events';
import { connect as connectHttp2, createServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { createStepClock } from '@skiff/client/testing';
import { beforeEach, expect, it } from 'vitest';
import { createKeepalive, type Keepalive } from './keepalive.ts';

class FakeSession extends EventEmitter {
  readonly socket = { bytesRead: 0 };
  destroyed = false;
  pings = 0;
  /** Whether a ping can be sent. */
  hasRoom = true;

  ping(): boolean {
    this.pings += 1;
    return this.hasRoom;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let clock: ReturnType<typeof createStepClock>;
let keepalive: Keepalive;
let beganMs: number;
beforeEach(() => {
  clock = createStepClock();
  beganMs = clock.now();
  keepalive = createKeepalive(clock);
});

const open = (): FakeSession => {
  const session = new FakeSession();
  keepalive.add(session);
  return session;
};
const seconds = (count: number, each: () => void = () => {}): void => {
  for (let second = 0; second < count; second += 1) {
    each();
    clock.step(1000);
  }
};

it('a connection that falls silent is pinged within 40 s, and cut ten seconds later', () => {
  const session = open();
  session.socket.bytesRead += 1;
  while (session.pings === 0) clock.step(1000);
  expect(clock.now()).toBeLessThanOrEqual(beganMs + 40_000);
  seconds(9);
  expect([session.pings, session.destroyed]).toEqual([1, false]);
  seconds(1);
  expect([session.pings, session.destroyed]).toEqual([1, true]);
});

it('who answers stays, and is asked again when it is silent again', () => {
  const session = open();
  for (let asked = 1; asked <= 3; asked += 1) {
    while (session.pings < asked) clock.step(1000);
    session.socket.bytesRead += 17;
  }
  expect(session.destroyed).toBe(false);
});

it('who sends something is never pinged', () => {
  const session = open();
  seconds(300, () => {
    session.socket.bytesRead += 1;
  });
  expect(session.pings).toBe(0);
});

it('a connection that takes no ping is cut', () => {
  const session = open();
  session.hasRoom = false;
  seconds(40);
  expect(session.destroyed).toBe(true);
});

it('connections that came together are pinged a few a turn', () => {
  const sessions = Array.from({ length: 200 }, open);
  for (const session of sessions) session.socket.bytesRead += 1;
  let most = 0;
  let before = 0;
  seconds(40, () => {
    const pings = sessions.reduce((sum, session) => sum + session.pings, 0);
    most = Math.max(most, pings - before);
    before = pings;
  });
  expect(sessions.every(({ pings }) => pings === 1)).toBe(true);
  expect(most).toBe(10);
});

it('of real connections the one that answers pings stays, the one that does not is cut', async () => {
  const server = createServer();
  let sessions = 0;
  server.on('session', (session) => {
    sessions += 1;
    keepalive.add(session);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sound = connectHttp2(`http://127.0.0.1:${port}`);
  let pings = 0;
  sound.on('ping', () => {
    pings += 1;
  });
  const mute = connect(port, '127.0.0.1');
  mute.write(
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]),
  );
  const isCut = once(mute.resume(), 'close');
  await expect.poll(() => sessions).toBe(2);
  await expect
    .poll(
      () => {
        clock.step(1000);
        return mute.closed || mute.destroyed;
      },
      { interval: 5 },
    )
    .toBe(true);
  await isCut;
  expect(pings).toBeGreaterThan(0);
  expect(sound.destroyed).toBe(false);
  sound.close();
  await new Promise((closed) => server.close(closed));
});

it('nothing runs once all are closed', () => {
  const sessions = [open(), open()];
  expect(clock.pending).toBe(1);
  for (const session of sessions) session.destroy();
  expect(clock.pending).toBe(0);
  const session = open();
  seconds(50);
  expect(session.destroyed).toBe(true);
});
