/** H-013: clients that take their time with a head. The door alone, with limits that a test can wait for. */
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { createStepClock, silentLogger } from '@skiff/client/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCA, issueCertificate } from '../pki/authority.ts';
import { createRestDoor, idleConnectionMs, type RestDoor } from './door.ts';
import { respondJson } from './respond.ts';

const clock = createStepClock();
let door: RestDoor;
let port: number;
let ca: string;

beforeEach(async () => {
  const times = { nowMs: Date.now(), lifetimeMs: 3_600_000 };
  const authority = await createCA({ commonName: 'ca', ...times });
  const serving = await issueCertificate(authority, {
    ...{ commonName: 'server', organizations: [], usages: ['server'], dnsNames: ['localhost'], ...times },
  });
  ca = authority.certificatePem;
  door = createRestDoor({
    tls: { certificate: serving.certificatePem, key: serving.keyPem, clientCa: ca },
    handler: async (exchange) => respondJson(exchange, 200, {}),
    upgrade: async () => {},
    isElsewhere: () => false,
    ...{ clock, logger: silentLogger, headersTimeoutMs: 300 },
  });
  port = await door.listen('127.0.0.1', 0);
});
afterEach(() => door.close(1000));

const to = () => ({ host: '127.0.0.1', port, ca, servername: 'localhost' });

/** Until the server cuts it, with a reset or without. */
async function trickle(socket: TLSSocket, first: string | Buffer, again: string | Buffer): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  socket.on('error', () => {});
  socket.once('secureConnect', () => {
    socket.resume().write(first);
    timer = setInterval(() => socket.writable && socket.write(again), 50);
  });
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearInterval(timer);
}

describe('H-013', () => {
  it('HTTP/1.1 heads that trickle are cut, all of them, and others are served', async () => {
    const slow = Array.from({ length: 200 }, () =>
      trickle(connect({ ...to(), ALPNProtocols: ['http/1.1'] }), 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'),
    );
    const session = http2Connect(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    const [answer] = await once(session.request({ ':path': '/' }), 'response');
    expect(answer[':status']).toBe(200);
    session.destroy();
    await Promise.all(slow);
  });

  it('an HTTP/2 connection without a request is cut, whatever it trickles; one with a request is not, but its endless upload', async () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
    const ping = Buffer.concat([Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]), Buffer.alloc(8)]);
    const pending = clock.pending;
    const slow = trickle(connect({ ...to(), ALPNProtocols: ['h2'] }), preface, ping);
    await expect.poll(() => clock.pending).toBe(pending + 1);
    const busy = http2Connect(`https://127.0.0.1:${port}`, { ca, servername: 'localhost' });
    const upload = busy.request({ ':path': '/', ':method': 'POST' }, { endStream: false });
    await once(upload, 'response');
    const given = once(upload, 'close');
    upload.resume();
    clock.step(idleConnectionMs + 1);
    await slow;
    await given;
    expect(busy.destroyed).toBe(false);
    busy.destroy();
  });
});
