/** Reads PKCS#10 requests and signs certificates for them (RFC 2986, RFC 5280). Serial numbers come from the platform's cryptographic generator. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Asked } from './decide.ts';

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

/** PEM texts of the authority's certificate and its PKCS#8 key (ECDSA P-256). */
export interface Authority {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface SignOptions {
  readonly usages: readonly string[];
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** RFC 5280, 4.2.1.6. */
const alternativeNames = '2.5.29.17';
/** Peers whose clock is behind by less than this accept a new certificate, as with Kubernetes' signers. */
const backdateMs = 5 * 60_000;

const extended: ReadonlyMap<string, string> = new Map([
  ['client auth', x509.ExtendedKeyUsage.clientAuth],
  ['server auth', x509.ExtendedKeyUsage.serverAuth],
]);
const basic: ReadonlyMap<string, number> = new Map([
  ['digital signature', x509.KeyUsageFlags.digitalSignature],
  ['key encipherment', x509.KeyUsageFlags.keyEncipherment],
]);

/** What the request asks for. Throws Error when it is none, or its maker does not hold the key. */
export async function readRequest(csrPem: string): Promise<Asked> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  if (!(await request.verify())) throw new Error('the signature of the certificate request does not match its key');
  const names = alternativesOf(request)?.items ?? [];
  const of = (type: x509.GeneralNameType): string[] =>
    names.filter((one) => one.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    emailAddresses: of('email'),
    uris: of('url'),
  };
}

/** A certificate (PEM) of the request's subject, alternative names and key; it never outlives the authority's own. */
export async function signRequest(authority: Authority, csrPem: string, options: SignOptions): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.keyPem),
    algorithm,
    false,
    ['sign'],
  );
  const { usages, nowMs, lifetimeMs } = options;
  const alternatives = alternativesOf(request);
  const keyUsage = usages.reduce((flags, usage) => flags | (basic.get(usage) ?? 0), 0);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(Math.min(nowMs - backdateMs + lifetimeMs, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: await request.publicKey.export(),
    signingKey: signingKey as CryptoKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      // A certificate whose key may be used for nothing would be refused everywhere.
      ...(keyUsage === 0 ? [] : [new x509.KeyUsagesExtension(keyUsage, true)]),
      new x509.ExtendedKeyUsageExtension(usages.flatMap((usage) => extended.get(usage) ?? [])),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(alternatives === undefined ? [] : [new x509.SubjectAlternativeNameExtension(alternatives.toJSON())]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function alternativesOf(request: x509.Pkcs10CertificateRequest): x509.GeneralNames | undefined {
  const extension = request.getExtension(alternativeNames);
  return extension instanceof x509.SubjectAlternativeNameExtension ? extension.names : undefined;
}

/** 127 random bits, positive (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
