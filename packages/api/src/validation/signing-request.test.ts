import { expect, test } from 'vitest';
import { pemBlocks } from '../algebra/pem.ts';
import { signingRequestFault } from './signing-request.ts';
import { requestPems } from './testing.ts';

const pemOf = (der: Buffer, type = 'CERTIFICATE REQUEST'): string =>
  `-----BEGIN ${type}-----\n${der.toString('base64')}\n-----END ${type}-----\n`;
const derOf = (pem: string): Buffer => pemBlocks(pem)[0]?.bytes ?? Buffer.alloc(0);
const changed = (pem: string, at: number): string => {
  const der = Buffer.from(derOf(pem));
  der[der.length + at] = (der[der.length + at] ?? 0) ^ 1;
  return pemOf(der);
};

test.each(Object.entries(requestPems))('a request with a key of %s is sound', (_, pem) => {
  expect(signingRequestFault(pem)).toBeUndefined();
});

const ec = derOf(requestPems.ec);
const tampered = Buffer.from(ec);
tampered[tampered.indexOf('a\x30')] = 'b'.charCodeAt(0);
const md5 = Buffer.from(
  derOf(requestPems.rsa).toString('hex').replaceAll('2a864886f70d01010b', '2a864886f70d010104'),
  'hex',
);
const foreign = Buffer.from(ec.toString('hex').replaceAll('06082a8648ce3d040302', '06032b65700503000000'), 'hex');
const unknown = Buffer.from(ec.toString('hex').replaceAll('06082a8648ce3d040302', '06082a8648ce3d040309'), 'hex');

test.each<[string, string, string]>([
  ['nothing', '', 'PEM block type must be CERTIFICATE REQUEST'],
  ['a certificate', pemOf(ec, 'CERTIFICATE'), 'PEM block type must be CERTIFICATE REQUEST'],
  ['an old type', pemOf(ec, 'NEW CERTIFICATE REQUEST'), 'PEM block type must be CERTIFICATE REQUEST'],
  [
    'no base64',
    requestPems.ec.replace('MII', 'M*I').replace('MIH', 'M*H'),
    'PEM block type must be CERTIFICATE REQUEST',
  ],
  ['one byte', pemOf(Buffer.from([0x30])), 'asn1: syntax error: truncated tag or length'],
  ['half of one', pemOf(ec.subarray(0, 50)), 'asn1: syntax error: data truncated'],
  ['a number', pemOf(Buffer.from([2, 1, 5])), "asn1: structure error: tags don't match"],
  ['an empty sequence', pemOf(Buffer.from([0x30, 0])), 'asn1: syntax error: sequence truncated'],
  [
    'no end of its length',
    pemOf(Buffer.from([0x30, 0x80, 0, 0])),
    'asn1: syntax error: indefinite length found (not DER)',
  ],
  [
    'a length of too many bytes',
    pemOf(Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1])),
    'asn1: structure error: length too large',
  ],
  [
    'a length that is written long',
    pemOf(Buffer.from([0x30, 0x81, 1, 0])),
    'asn1: structure error: non-minimal length',
  ],
  ['more behind it', pemOf(Buffer.concat([ec, Buffer.from([5, 0])])), 'asn1: syntax error: trailing data'],
  ['another name than was signed', pemOf(tampered), 'x509: ECDSA verification failure'],
  ['a broken RSA signature', changed(requestPems.rsa, -1), 'crypto/rsa: verification error'],
  ['a broken PSS signature', changed(requestPems.pss, -1), 'crypto/rsa: verification error'],
  ['a broken Ed25519 signature', changed(requestPems.ed25519, -1), 'x509: Ed25519 verification failure'],
  ['MD5', pemOf(md5), 'x509: cannot verify signature: insecure algorithm MD5-RSA'],
  [
    'the algorithm of another key',
    pemOf(foreign),
    'x509: signature algorithm specifies an Ed25519 public key, but have public key of type *ecdsa.PublicKey',
  ],
  ['an unknown algorithm', pemOf(unknown), 'x509: cannot verify signature: algorithm unimplemented'],
])('a request of %s is refused', (_, pem, fault) => expect(signingRequestFault(pem)).toBe(fault));

test.each<[string, string, number]>([
  ['text around it', `hello\n${requestPems.ec}bye`, 1],
  ['two', requestPems.ec + requestPems.rsa, 2],
  ['a beginning without an end', `-----BEGIN X-----\n${requestPems.ec}`, 1],
  ['another end', '-----BEGIN X-----\nAAAA\n-----END Y-----\n', 0],
  ['spaces and carriage returns', requestPems.ec.replaceAll('\n', ' \r\n'), 1],
  ['headers', requestPems.ec.replace('-----\n', '-----\nA: b\n\n'), 1],
])('PEM with %s', (_, text, count) => expect(pemBlocks(text)).toHaveLength(count));
