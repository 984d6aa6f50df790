import 'reflect-metadata';
import { type webcrypto, X509Certificate } from 'node:crypto';
import {
  X509Certificate as Certificate,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type CertificateSigningRequest, type Draft, resources } from '@skiff/api';
import type { ResourceClient } from '@skiff/client';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Lab, startLab } from '../testing/lab.ts';
import {
  type Asked,
  clientSigner,
  lifetimeMs,
  nodeClientSigner,
  nodeServingSigner,
  refusal,
  selfApproval,
} from './decide.ts';
import { certificatesController } from './reconcile.ts';
import type { Authority } from './sign.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const newKeys = () =>
  crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;

let authority: Authority;
beforeAll(async () => {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2026-06-01T00:00:00Z'),
    signingAlgorithm: algorithm,
    keys,
  });
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  authority = { certificatePem: certificate.toString('pem'), keyPem: pem('PRIVATE KEY', key) };
});

async function csr(name: string, dnsNames: readonly string[] = []): Promise<string> {
  const keys = await newKeys();
  const alternatives = new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns' as const, value })));
  const extensions = dnsNames.length === 0 ? [] : [alternatives];
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

const approved = { type: 'Approved', status: 'True', reason: 'x', message: '', lastUpdateTime: '2026-01-02T03:04:05Z' };

const draft = (
  name: string,
  spec: Partial<CertificateSigningRequest['spec']>,
  conditions: readonly (typeof approved)[] = [approved],
): Draft<CertificateSigningRequest> => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    request: '',
    signerName: clientSigner,
    usages: ['client auth'],
    ...spec,
  } as CertificateSigningRequest['spec'],
  status: { conditions: [...conditions] },
});

let lab: Lab | undefined;
afterEach(() => lab?.stop());

async function run(drafts: readonly Draft<CertificateSigningRequest>[]) {
  lab = await startLab((context) => [certificatesController({ ...context, authority })]);
  const requests = lab.cluster.client.resource(resources.certificatesigningrequests);
  for (const one of drafts) {
    const created = await requests.create(one);
    if (one.status !== undefined)
      await requests.update({ ...created, status: one.status }, { subresource: 'approval' });
  }
  await lab.quiet();
  return { requests, lab };
}

/** Signing is the platform's work, which no clock of a test moves. */
const signed = (requests: ResourceClient<CertificateSigningRequest>, ...names: string[]) =>
  vi.waitFor(async () => {
    for (const name of names) expect((await requests.get('', name)).status?.certificate).toBeDefined();
  }, 30_000);

const certificateOf = ({ status }: CertificateSigningRequest): X509Certificate =>
  new X509Certificate(Buffer.from(String(status?.certificate), 'base64'));

test('an approved request is signed: its subject and names, the usages, the lifetime asked for, never beyond the authority', async () => {
  const { requests } = await run([
    draft('jane', { request: await csr('O=dev, CN=jane', ['jane.example']), expirationSeconds: 3600 }),
    draft('long', { request: await csr('CN=long'), usages: ['client auth', 'digital signature'] }),
  ]);
  await signed(requests, 'jane', 'long');
  const jane = certificateOf(await requests.get('', 'jane'));
  expect(jane.subject).toBe('O=dev\nCN=jane');
  expect(jane.subjectAltName).toBe('DNS:jane.example');
  expect(jane.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(jane.ca).toBe(false);
  const keyUsage = (one: X509Certificate) => new Certificate(one.raw).getExtension(KeyUsagesExtension)?.usages;
  expect(keyUsage(jane)).toBeUndefined();
  expect(jane.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true);
  expect(Date.parse(jane.validTo) - Date.parse(jane.validFrom)).toBe(3_600_000);
  const long = certificateOf(await requests.get('', 'long'));
  expect(Date.parse(long.validTo)).toBe(Date.parse('2026-06-01T00:00:00Z'));
  expect(keyUsage(long)).toBe(KeyUsageFlags.digitalSignature);
});

test('what a signer refuses has failed; what is not approved, denied or another signer’s stays', async () => {
  const request = await csr('CN=jane');
  const { requests } = await run([
    draft('usage', { request, usages: ['server auth'] }),
    draft('pending', { request }, []),
    draft('denied', { request }, [{ ...approved, type: 'Denied' }]),
    draft('other', { request, signerName: 'x.io/y' }),
  ]);
  const conditionsOf = async (name: string) =>
    (await requests.get('', name)).status?.conditions?.map(({ type, reason }) => `${type} ${reason}`);
  await vi.waitFor(
    async () => expect(await conditionsOf('usage')).toEqual(['Approved x', 'Failed SignerValidationFailure']),
    30_000,
  );
  for (const name of ['pending', 'denied', 'other'])
    expect((await requests.get('', name)).status?.certificate).toBeUndefined();
});

test('old requests go: decided ones after an hour, pending ones after a day, those of a late signer never', async () => {
  const request = await csr('CN=jane');
  const { requests, lab: running } = await run([
    draft('signed', { request }),
    draft('pending', { request }, []),
    draft('other', { request, signerName: 'x.io/y' }),
  ]);
  await signed(requests, 'signed');
  await running.quiet();
  const names = async () => (await requests.list()).items.map(({ metadata }) => metadata.name).sort();
  await running.pass(3601);
  expect(await names()).toEqual(['other', 'pending']);
  await running.pass(86_400);
  expect(await names()).toEqual(['other']);
});

const asked = (changes: Partial<Asked> = {}): Asked => ({
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
  ...changes,
});

test.each([
  [clientSigner, asked(), ['client auth', 'key encipherment'], undefined],
  [clientSigner, asked(), ['digital signature'], 'invalid usage for client certificate: digital signature'],
  [nodeClientSigner, asked(), ['client auth', 'digital signature'], undefined],
  [nodeClientSigner, asked(), ['client auth'], 'usages did not match [client auth digital signature key encipherment]'],
  [nodeClientSigner, asked({ organizations: ['a'] }), ['client auth'], 'subject organization is not system:nodes'],
  [nodeClientSigner, asked({ dnsNames: ['a'] }), ['client auth'], 'DNS subjectAltNames are not allowed'],
  [
    nodeClientSigner,
    asked({ commonName: 'n1' }),
    ['client auth'],
    'subject common name does not begin with system:node:',
  ],
  [nodeServingSigner, asked(), ['server auth', 'digital signature'], 'DNS or IP subjectAltName is required'],
  [nodeServingSigner, asked({ ipAddresses: ['10.0.0.1'] }), ['server auth', 'digital signature'], undefined],
  [nodeServingSigner, asked({ dnsNames: ['n'], uris: ['u:'] }), ['server auth'], 'URI subjectAltNames are not allowed'],
])('%s of %j with %j', (signer, request, usages, expected) => {
  expect(refusal(signer, request, usages)).toBe(expected);
});

test('only client certificates of nodes are approved by themselves, a node’s own by either right', () => {
  const usages = ['client auth', 'digital signature'];
  const of = (spec: object) => selfApproval({ spec } as CertificateSigningRequest, asked())?.subresources;
  expect(of({ signerName: nodeClientSigner, usages, username: 'system:node:n1' })).toEqual([
    'selfnodeclient',
    'nodeclient',
  ]);
  expect(of({ signerName: nodeClientSigner, usages, username: 'system:bootstrap:x' })).toEqual(['nodeclient']);
  expect(of({ signerName: nodeServingSigner, usages, username: 'system:node:n1' })).toBeUndefined();
});

test.each([
  [undefined, 31_536_000_000],
  [1, 600_000],
  [3600, 3_600_000],
  [99_999_999, 31_536_000_000],
])('%s seconds asked for', (expirationSeconds, expected) => {
  expect(lifetimeMs({ spec: { expirationSeconds } } as CertificateSigningRequest)).toBe(expected);
});
