/** Connections of TLS that mean no good, by the numbers of the list of hostile inputs. */
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createCA, issueCertificate } from '../pki/authority.ts';
import { expectMeasuredUnharmed } from './testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './testing/measured.ts';

// Thousands of handshakes: how long they take is the machine's affair.
vi.setConfig({ testTimeout: 300_000 });

let at: MeasuredServer;
beforeAll(async () => {
  at = await startMeasuredServer();
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

it('H-021 certificates that prove nothing are a 401, never an anonymous success', async () => {
  const nowMs = Date.now();
  const [hour, day] = [3_600_000, 86_400_000];
  const stranger = await createCA({ commonName: 'skiff-ca', nowMs, lifetimeMs: day });
  const of = (
    ca: typeof at.ca,
    commonName: string,
    startMs: number,
    usages: readonly ('client' | 'server')[] = ['client'],
  ) =>
    issueCertificate(ca, { commonName, organizations: ['system:masters'], usages, nowMs: startMs, lifetimeMs: hour });
  const bad = {
    'of another CA': await of(stranger, 'admin', nowMs),
    expired: await of(at.ca, 'admin', nowMs - 5 * hour),
    'not yet valid': await of(at.ca, 'admin', nowMs + 5 * hour),
    'for servers': await of(at.ca, 'admin', nowMs, ['server']),
    'without a name': await of(at.ca, '', nowMs),
  };
  for (const [why, as] of Object.entries(bad)) {
    const outcome = await at.request('/version', { as }).then(
      (reply) => reply.status,
      () => 'no handshake',
    );
    expect([401, 'no handshake'], why).toContain(outcome);
  }
});

it('H-021 a certificate with a chain of 2 MiB is no handshake', async () => {
  const length = Math.ceil((2 * 1024 * 1024) / at.ca.certificatePem.length);
  const as = {
    ...at.admin,
    certificatePem: [at.admin.certificatePem, ...Array(length).fill(at.ca.certificatePem)].join(''),
  };
  await expect(at.request('/version', { as })).rejects.toThrow();
});

it('H-024 connections that do not even shake hands keep nobody out', async () => {
  const silent = Array.from({ length: 500 }, () => tcpConnect(at.restPort, '127.0.0.1'));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  expect((await at.request('/version')).status).toBe(200);
  for (const socket of silent) socket.destroy();
});

it('H-024 10 000 idle connections are held at some kilobytes each, and others have their turn', async () => {
  const count = 10_000;
  const before = await at.memory();
  let session: Buffer | undefined;
  const open = async () => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: at.restPort,
      servername: 'localhost',
      ca: at.ca.certificatePem,
      session,
    });
    socket.on('session', (ticket) => (session = ticket));
    await once(socket, 'secureConnect');
    socket.on('error', () => {});
    return socket;
  };
  const idle = await inTurns(count, 50, open);
  expect((await at.memory()) - before).toBeLessThan(count * 150 * 1024);
  expect(await at.longestTurn(() => at.request('/api/v1/namespaces/default'), 50)).toBeLessThan(50);
  expect(idle.filter((socket) => socket.destroyed)).toHaveLength(0);
  for (const socket of idle) socket.destroy();
});

/** Calls `make` so often, so many at once. */
async function inTurns<T>(count: number, atOnce: number, make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = [];
  let left = count;
  const work = async () => {
    while (left-- > 0) made.push(await make());
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return made;
}
