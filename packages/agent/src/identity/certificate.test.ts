import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Pkcs10CertificateRequest, X509CertificateGenerator } from '@peculiar/x509';
import { createStepClock, silentLogger } from '@skiff/client/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateFault, type NodeCertificate, renewAt, validityOf } from './certificate.ts';
import { certificateFile, readCertificate, writeCertificate } from './files.ts';
import { keepRenewed } from './index.ts';
import { createNodeRequest } from './request.ts';

const day = 86_400_000;
const nowMs = Date.UTC(2026, 0, 2);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validity = { notBefore: new Date(nowMs), notAfter: new Date(nowMs + 90 * day) };

async function authority() {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const name = 'CN=test-ca';
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name, keys, signingAlgorithm: algorithm, ...validity },
    webcrypto as Crypto,
  );
  return {
    pem: certificate.toString('pem'),
    async sign(csrPem: string): Promise<string> {
      const request = new Pkcs10CertificateRequest(csrPem);
      const publicKey = await request.publicKey.export(webcrypto as Crypto);
      const signed = await X509CertificateGenerator.create(
        {
          ...{ subject: request.subject, issuer: name, publicKey, signingKey: keys.privateKey },
          ...{ signingAlgorithm: algorithm, ...validity },
        },
        webcrypto as Crypto,
      );
      return signed.toString('pem');
    },
  };
}

type Authority = Awaited<ReturnType<typeof authority>>;

async function joined(ca: Authority, nodeName = 'n1'): Promise<NodeCertificate> {
  const { csrPem, keyPem } = await createNodeRequest(nodeName);
  return { certPem: await ca.sign(csrPem), keyPem };
}

let ca: Authority;
let certificate: NodeCertificate;
let folder: string;

beforeAll(async () => {
  ca = await authority();
  certificate = await joined(ca);
  folder = await mkdtemp(join(tmpdir(), 'skiff-identity-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the request is for exactly this node, and shows that its maker holds the key', async () => {
  const request = new Pkcs10CertificateRequest((await createNodeRequest('n1')).csrPem);
  expect(request.subject).toBe('O=system:nodes, CN=system:node:n1');
  expect(await request.verify(webcrypto as Crypto)).toBe(true);
});

describe('renewal', () => {
  test.each([
    [0, 70],
    [0.5, 80],
    [1, 90],
  ])('with luck %s it comes after %s percent of the life', (random, percent) => {
    expect(renewAt({ notBeforeMs: 1000, notAfterMs: 1000 + 100 * day }, random)).toBe(1000 + percent * day);
  });

  test('never comes before the middle or after the end', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1, max: 1e9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, life, r) => {
          const at = renewAt({ notBeforeMs: a, notAfterMs: a + life }, r);
          expect(at).toBeGreaterThanOrEqual(a + Math.round(life / 2));
          expect(at).toBeLessThanOrEqual(a + life);
        },
      ),
    );
  });

  test('the life is read from the certificate', () => {
    expect(validityOf(certificate.certPem)).toEqual({ notBeforeMs: nowMs, notAfterMs: nowMs + 90 * day });
  });
});

describe('a kept certificate', () => {
  const fault = (one: NodeCertificate, name = 'n1', caPem = ca.pem, at = nowMs) =>
    certificateFault(one, name, caPem, at);

  test('that fits is used', () => expect(fault(certificate)).toBeUndefined());

  test('is not used for another node, after its end, under another authority, with another key, or damaged', async () => {
    const [otherCa, otherKey] = [await authority(), await createNodeRequest('n1')];
    expect(fault(certificate, 'n2')).toMatch(/it is for .*CN=system:node:n1/);
    expect(fault(certificate, 'n1', ca.pem, nowMs + 91 * day)).toMatch(/it ran out/);
    expect(fault(certificate, 'n1', otherCa.pem)).toBe('another authority has signed it');
    expect(fault({ ...certificate, keyPem: otherKey.keyPem })).toBe('it is for another key');
    expect(fault({ ...certificate, certPem: 'rubbish' })).toBeDefined();
  });

  test('is read back from a file that only its owner can read', async () => {
    expect(await readCertificate(folder)).toBeUndefined();
    await writeCertificate(folder, certificate);
    const kept = await readCertificate(folder);
    expect(kept === undefined ? 'none kept' : fault(kept)).toBeUndefined();
    expect((await stat(certificateFile(folder))).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(certificateFile(folder)))).mode & 0o777).toBe(0o700);
  });
});

test('an agent renews in time, goes on trying, and its clients are told', async () => {
  await writeCertificate(folder, certificate);
  const clock = createStepClock(nowMs);
  let asked = 0;
  const told: NodeCertificate[] = [];
  const renew = async ({ csrPem }: { readonly csrPem: string }) => {
    asked += 1;
    if (asked === 1) throw new Error('nobody there');
    return { certificatePem: await ca.sign(csrPem), caPem: ca.pem };
  };
  const connection = { client: { nodes: { renew } }, useCertificate: (one: NodeCertificate) => void told.push(one) };
  const config = {
    ...{ identity: { type: 'join', tokenFile: '' } as const, rootDir: folder, nodeName: 'n1' },
    ...{ clock, random: () => 0.5, logger: silentLogger },
  };
  const ending = new AbortController();
  const kept = keepRenewed(config, connection, ending.signal);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(72 * day - 1);
  expect(asked).toBe(0);
  await clock.advance(1);
  await expect.poll(() => asked).toBe(1);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(300_000);
  await expect.poll(() => told.length).toBe(1);
  const stored = await readCertificate(folder);
  expect(stored?.keyPem.trim()).toBe(told[0]?.keyPem.trim());
  expect(stored?.keyPem.trim()).not.toBe(certificate.keyPem.trim());
  ending.abort();
  await kept;
});
