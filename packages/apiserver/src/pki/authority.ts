/**
 * The cluster's certificate authority: making it, issuing from it, signing what others ask for. ECDSA P-256 throughout.
 * Nothing here touches files or reads a clock; keys and serial numbers come from the platform's cryptographic generator.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

/** PEM texts of a certificate and its PKCS#8 key. */
export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export type Usage = 'client' | 'server';

export interface IssueOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly Usage[];
  /** The certificate holds from a little before this instant (clocks differ)… */
  readonly nowMs: number;
  /** …until this much after it. */
  readonly lifetimeMs: number;
}

/** RFC 5280, 4.2.1.6. */
const subjectAlternativeName = '2.5.29.17';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Peers whose clock is behind by less than this accept a new certificate. */
const backdateMs = 5 * 60_000;

const usageOids: Readonly<Record<Usage, string>> = {
  client: x509.ExtendedKeyUsage.clientAuth,
  server: x509.ExtendedKeyUsage.serverAuth,
};

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

const toPem = (label: string, der: ArrayBuffer): string => x509.PemConverter.encode(der, label);

const keyToPem = async (key: CryptoKey): Promise<string> =>
  `${toPem('PRIVATE KEY', (await webcrypto.subtle.exportKey('pkcs8', key)) as ArrayBuffer)}\n`;

const certificateToPem = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`;

/** 127 random bits, positive (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

const nameOf = (commonName: string, organizations: readonly string[]): x509.Name =>
  new x509.Name([...organizations.map((one) => ({ O: [one] })), { CN: [commonName] }]);

const validity = (nowMs: number, lifetimeMs: number) => ({
  notBefore: new Date(nowMs - backdateMs),
  notAfter: new Date(nowMs + lifetimeMs),
});

/** A self-signed CA that may sign leaf certificates only. */
export async function createCA(options: {
  readonly commonName: string;
  readonly nowMs: number;
  readonly lifetimeMs: number;
}): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf(options.commonName, []),
    ...validity(options.nowMs, options.lifetimeMs),
    signingAlgorithm: algorithm,
    keys: keys as unknown as x509.X509CertificateCreateSelfSignedParams['keys'],
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: certificateToPem(certificate), keyPem: await keyToPem(keys.privateKey) };
}

/** A new key and a certificate for it. */
export async function issueCertificate(ca: KeyPair, options: IssueOptions): Promise<KeyPair> {
  const keys = await newKeys();
  const certificatePem = await sign(ca, keys.publicKey, options);
  return { certificatePem, keyPem: await keyToPem(keys.privateKey) };
}

/** A certificate for a key that someone else holds. Who asks for what is the caller's question: only the key is taken from the request. */
export async function signRequest(
  ca: KeyPair,
  csrPem: string,
  options: Omit<IssueOptions, 'dnsNames' | 'ipAddresses'>,
): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  return sign(ca, request.publicKey, options);
}

async function sign(ca: KeyPair, publicKey: x509.PublicKeyType, options: IssueOptions): Promise<string> {
  const { issuer, signingKey, authorityKeyIdentifier } = await signerOf(ca);
  const alternatives = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(options.commonName, options.organizations ?? []),
    issuer,
    ...validity(options.nowMs, options.lifetimeMs),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(options.usages.map((usage) => usageOids[usage])),
      authorityKeyIdentifier,
      ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
    ],
  });
  return certificateToPem(certificate);
}

interface Signer {
  readonly issuer: x509.Name;
  readonly signingKey: CryptoKey;
  readonly authorityKeyIdentifier: x509.AuthorityKeyIdentifierExtension;
}

/** Reading an authority costs more than signing: it is done once. */
const signers = new WeakMap<KeyPair, Promise<Signer>>();

function signerOf(ca: KeyPair): Promise<Signer> {
  const known = signers.get(ca);
  if (known !== undefined) return known;
  const read = readSigner(ca);
  signers.set(ca, read);
  return read;
}

async function readSigner({ certificatePem, keyPem }: KeyPair): Promise<Signer> {
  const certificate = new x509.X509Certificate(certificatePem);
  return {
    issuer: certificate.subjectName,
    signingKey: await importKey(keyPem),
    authorityKeyIdentifier: await x509.AuthorityKeyIdentifierExtension.create(certificate),
  };
}

const importKey = (pem: string): Promise<CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, [
    'sign',
  ]) as Promise<CryptoKey>;

/** What a certificate request asks for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** True when it asks for alternative names, which a client certificate has no use for. */
  readonly hasAlternativeNames: boolean;
}

/** Reads a PKCS#10 request and checks that its maker holds the key. Throws Error when it is none or the signature is bad. */
export async function readRequest(csrPem: string): Promise<CertificateRequest> {
  const request = new x509.Pkcs10CertificateRequest(csrPem);
  if (!(await request.verify())) throw new Error('the signature of the certificate request does not match its key');
  const commonNames = request.subjectName.getField('CN');
  if (commonNames.length !== 1) throw new Error('the certificate request must have exactly one common name');
  return {
    commonName: commonNames[0] ?? '',
    organizations: request.subjectName.getField('O'),
    hasAlternativeNames: request.getExtension(subjectAlternativeName) !== null,
  };
}

/** A new key and a request for a certificate for it: what an agent sends to Join. */
export async function createRequest(options: {
  readonly commonName: string;
  readonly organizations: readonly string[];
}): Promise<{ readonly csrPem: string; readonly keyPem: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(options.commonName, options.organizations),
    keys: keys as unknown as x509.Pkcs10CertificateRequestCreateParams['keys'],
    signingAlgorithm: algorithm,
  });
  return { csrPem: `${request.toString('pem')}\n`, keyPem: await keyToPem(keys.privateKey) };
}
