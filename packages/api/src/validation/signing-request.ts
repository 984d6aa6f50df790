/** PKCS#10 requests (RFC 2986): whether one can be read, and was signed with the key that it is for, in crypto/x509's words. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type Der, expectDer, oidOf, readDer, tags } from '../algebra/der.ts';
import { pemBlocks } from '../algebra/pem.ts';

type KeyType = 'RSA' | 'ECDSA' | 'Ed25519';

interface Algorithm {
  readonly key: KeyType;
  /** None: the key's own. */
  readonly hash?: string;
}

const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['1.2.840.113549.1.1.5', { key: 'RSA', hash: 'sha1' }],
  ['1.2.840.113549.1.1.11', { key: 'RSA', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'RSA', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'RSA', hash: 'sha512' }],
  ['1.2.840.10045.4.1', { key: 'ECDSA', hash: 'sha1' }],
  ['1.2.840.10045.4.3.2', { key: 'ECDSA', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ECDSA', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ECDSA', hash: 'sha512' }],
  ['1.3.101.112', { key: 'Ed25519' }],
]);

const md5WithRsa = '1.2.840.113549.1.1.4';
const rsaPss = '1.2.840.113549.1.1.10';
/** The hashes that RSA-PSS may name; its salt is as long as the hash. */
const pssHashes: Readonly<Record<string, string | undefined>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

const keyTypes: Readonly<Record<string, { readonly type: KeyType; readonly go: string } | undefined>> = {
  rsa: { type: 'RSA', go: '*rsa.PublicKey' },
  ec: { type: 'ECDSA', go: '*ecdsa.PublicKey' },
  ed25519: { type: 'Ed25519', go: 'ed25519.PublicKey' },
};

const verificationFaults: Readonly<Record<KeyType, string>> = {
  RSA: 'crypto/rsa: verification error',
  ECDSA: 'x509: ECDSA verification failure',
  Ed25519: 'x509: Ed25519 verification failure',
};

const unsupported = 'x509: cannot verify signature: algorithm unimplemented';

/** What is wrong with a request in PEM; nothing for a sound one. Only the first block counts. */
export function signingRequestFault(pem: string): string | undefined {
  const [block] = pemBlocks(pem);
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    return signatureFault(block.bytes);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Throws Error for what is no request. */
function signatureFault(der: Buffer): string | undefined {
  const all = readDer(der);
  const request = readDer(expectDer(all, 0, tags.sequence).content);
  if (all.length > 1) throw new Error('asn1: syntax error: trailing data');
  const signed = expectDer(request, 0, tags.sequence);
  const named = readDer(expectDer(request, 1, tags.sequence).content);
  const signature = expectDer(request, 2, tags.bitString).content.subarray(1);
  const info = readDer(signed.content);
  expectDer(info, 0, tags.integer);
  expectDer(info, 1, tags.sequence);
  const key = publicKey(expectDer(info, 2, tags.sequence));
  return verifyFault(named, key, signed.whole, signature);
}

/** Nothing for a key of a kind that is not known. Throws Error for one that is no key. */
function publicKey({ whole, content }: Der): KeyObject | undefined {
  const parts = readDer(content);
  oidOf(expectDer(readDer(expectDer(parts, 0, tags.sequence).content), 0, tags.objectIdentifier));
  expectDer(parts, 1, tags.bitString);
  try {
    return createPublicKey({ key: whole, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function verifyFault(
  named: readonly Der[],
  key: KeyObject | undefined,
  signed: Buffer,
  signature: Buffer,
): string | undefined {
  const oid = oidOf(expectDer(named, 0, tags.objectIdentifier));
  if (oid === md5WithRsa) return 'x509: cannot verify signature: insecure algorithm MD5-RSA';
  const pssHash = oid === rsaPss ? pssHashOf(named[1]) : undefined;
  const algorithm: Algorithm | undefined = pssHash === undefined ? algorithms.get(oid) : { key: 'RSA', hash: pssHash };
  const found = keyTypes[key?.asymmetricKeyType ?? ''];
  if (algorithm === undefined || key === undefined || found === undefined) return unsupported;
  if (found.type !== algorithm.key)
    return `x509: signature algorithm specifies an ${algorithm.key} public key, but have public key of type ${found.go}`;
  const options =
    pssHash === undefined
      ? key
      : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify(algorithm.hash ?? null, signed, options, signature) ? undefined : verificationFaults[algorithm.key];
}

/** RFC 4055, 3.1: the hash stands in the first, tagged parameter. */
function pssHashOf(parameters: Der | undefined): string | undefined {
  const [tagged] = parameters === undefined ? [] : readDer(parameters.content);
  const [hash] = tagged === undefined ? [] : readDer(tagged.content);
  const [oid] = hash === undefined ? [] : readDer(hash.content);
  return oid === undefined ? undefined : pssHashes[oidOf(oid)];
}
