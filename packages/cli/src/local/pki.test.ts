import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensurePki, keyPairIn, type PkiPlace } from './pki.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 0, 1);
let place: PkiPlace;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'skiff-pki-'));
  place = {
    dir,
    serverIPs: ['10.1.2.1'],
    etcdIPs: ['10.1.2.2'],
    serviceCIDR: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
  };
});
afterAll(() => rm(place.dir, { recursive: true }));

const certificate = async (name: string): Promise<X509Certificate> =>
  new X509Certificate(await readFile(keyPairIn(place.dir, name).certificateFile));

test('makes everything once', async () => {
  expect(await ensurePki(place, now)).toBe(true);
  expect(await ensurePki(place, now)).toBe(false);
});

test('the API server is known by its addresses, its Service and its DNS names', async () => {
  const { subjectAltName = '' } = await certificate('apiserver');
  for (const name of ['IP Address:10.1.2.1', 'IP Address:10.96.0.1', 'IP Address:127.0.0.1', 'DNS:localhost'])
    expect(subjectAltName).toContain(name);
  expect(subjectAltName).toContain('DNS:kubernetes.default.svc.cluster.local');
  expect((await certificate('etcd')).subjectAltName).toContain('IP Address:10.1.2.2');
});

test('what opens the API server does not open etcd', async () => {
  const etcdCa = await certificate('etcd-ca');
  expect((await certificate('etcd-client')).verify(etcdCa.publicKey)).toBe(true);
  for (const name of ['admin', 'scheduler', 'controller', 'apiserver'])
    expect((await certificate(name)).verify(etcdCa.publicKey)).toBe(false);
});

test('the administrator is in system:masters', async () => {
  expect((await certificate('admin')).subject).toContain('O=system:masters');
});

test('keys are nobody else’s to read', async () => {
  for (const name of ['ca', 'admin', 'etcd'])
    expect((await stat(keyPairIn(place.dir, name).keyFile)).mode & 0o077).toBe(0);
});

test('a certificate is made anew a month before it ends, by the same authority', async () => {
  const before = await certificate('admin');
  expect(await ensurePki(place, now + 330 * dayMs)).toBe(false);
  expect(await ensurePki(place, now + 340 * dayMs)).toBe(true);
  const after = await certificate('admin');
  expect(after.serialNumber).not.toBe(before.serialNumber);
  expect(after.verify((await certificate('ca')).publicKey)).toBe(true);
});

test('a new authority comes with new certificates', async () => {
  expect(await ensurePki(place, now + 3640 * dayMs)).toBe(true);
  expect((await certificate('admin')).verify((await certificate('ca')).publicKey)).toBe(true);
});
