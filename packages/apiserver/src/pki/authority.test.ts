import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateFault } from '../chain/authenticate.ts';
import { subjectOf } from '../chain/subject.ts';
import { createCA, createRequest, issueCertificate, type KeyPair, readRequest, signRequest } from './authority.ts';

const now = Date.UTC(2026, 0, 1);
const day = 86_400_000;
let ca: KeyPair;
let other: KeyPair;

beforeAll(async () => {
  ca = await createCA({ commonName: 'skiff-ca', nowMs: now, lifetimeMs: 3650 * day });
  other = await createCA({ commonName: 'skiff-ca', nowMs: now, lifetimeMs: 3650 * day });
});

const issue = (authority: KeyPair, usages: ('client' | 'server')[], commonName = 'system:node:a') =>
  issueCertificate(authority, {
    commonName,
    organizations: ['system:nodes', 'second'],
    usages,
    nowMs: now,
    lifetimeMs: 90 * day,
  });

describe('issueCertificate', () => {
  it('makes a client certificate that the chain takes, with user and groups', async () => {
    const certificate = new X509Certificate((await issue(ca, ['client'])).certificatePem);
    expect(certificateFault(certificate, new X509Certificate(ca.certificatePem), now)).toBeUndefined();
    expect(subjectOf(certificate)).toEqual({ commonName: 'system:node:a', organizations: ['system:nodes', 'second'] });
  });

  it('puts names and addresses into a server certificate', async () => {
    const pair = await issueCertificate(ca, {
      commonName: 'kube-apiserver',
      dnsNames: ['kubernetes.default.svc'],
      ipAddresses: ['10.96.0.1', '::1'],
      usages: ['server'],
      nowMs: now,
      lifetimeMs: day,
    });
    const certificate = new X509Certificate(pair.certificatePem);
    expect(certificate.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
    expect(certificate.checkIP('10.96.0.1')).toBe('10.96.0.1');
    expect(certificate.checkIP('10.96.0.2')).toBeUndefined();
  });

  it.each<[string, () => Promise<KeyPair>, number, string]>([
    ['of another CA with the same name', () => issue(other, ['client']), now, 'signed by an unknown authority'],
    ['that has run out', () => issue(ca, ['client']), now + 91 * day, 'expired'],
    ['that is not valid yet', () => issue(ca, ['client']), now - day, 'not yet valid'],
    ['made for servers only', () => issue(ca, ['server']), now, 'not for client authentication'],
    ['without a common name', () => issue(ca, ['client'], ''), now, 'no common name'],
    ['that is the CA itself', () => Promise.resolve(ca), now, 'is a CA certificate'],
  ])('a certificate %s proves nothing', async (_, make, at, fault) => {
    const certificate = new X509Certificate((await make()).certificatePem);
    expect(certificateFault(certificate, new X509Certificate(ca.certificatePem), at)).toBe(fault);
  });
});

describe('signRequest', () => {
  it('takes the key from the request and the names from the caller', async () => {
    const { csrPem } = await createRequest({ commonName: 'system:node:a', organizations: ['system:nodes'] });
    expect(await readRequest(csrPem)).toEqual({
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      hasAlternativeNames: false,
    });
    const pem = await signRequest(ca, csrPem, { commonName: 'x', usages: ['client'], nowMs: now, lifetimeMs: day });
    expect(subjectOf(new X509Certificate(pem))).toEqual({ commonName: 'x', organizations: [] });
  });

  it('refuses a request whose signature was tampered with', async () => {
    const { csrPem } = await createRequest({ commonName: 'system:node:a', organizations: [] });
    const der = Buffer.from(csrPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // The subject lies in the first fifty bytes: change one letter of the common name.
    der[der.indexOf('system:node:a')] = 'S'.charCodeAt(0);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    await expect(readRequest(forged)).rejects.toThrow('signature');
  });
});
