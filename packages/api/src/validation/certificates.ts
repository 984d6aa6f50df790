/** Certificate signing requests (pkg/apis/certificates/validation): what they ask, what was decided, what was issued. */
import { X509Certificate } from 'node:crypto';
import { goBytes, goQuote } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { type Check, checkDns1123Label, checkDns1123Subdomain } from '../algebra/names.ts';
import { pemBlocks } from '../algebra/pem.ts';
import { field } from '../errors.ts';
import type { CertificateSigningRequest } from '../kinds/types.ts';
import { signingRequestFault } from './signing-request.ts';
import { addEach, addUnsupported, bytesOf, type Faults, type Loose, repeatsOf } from './support.ts';

type Request = Loose<CertificateSigningRequest>;
type Condition = NonNullable<NonNullable<Request['status']>['conditions']>[number];

const minSeconds = 600;
const legacySigner = 'kubernetes.io/legacy-unknown';

/** In the order of a sorted set, as the refusal lists them. */
const knownUsages = [
  ...['any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment'],
  ...['decipher only', 'digital signature', 'email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel'],
  ...['ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime'],
  ...['server auth', 'signing', 'timestamping'],
];

export function addSigningRequest(faults: Faults, object: Request): void {
  const { request = '', usages = [], signerName = '', expirationSeconds } = object.spec ?? {};
  const fault = signingRequestFault(Buffer.from(request, 'base64').toString('latin1'));
  if (fault !== undefined) faults.push(field.invalid('spec.request', goBytes(request), fault));
  if (usages.length === 0) faults.push(field.required('spec.usages'));
  for (const [index, usage] of usages.entries())
    if (!knownUsages.includes(usage)) faults.push(field.notSupported(`spec.usages[${index}]`, usage, knownUsages));
  for (const index of repeatsOf(usages)) faults.push(field.duplicate(`spec.usages[${index}]`, usages[index]));
  if (signerName === legacySigner) {
    const why = 'the legacy signerName is not allowed via this API version';
    faults.push(field.invalid('spec.signerName', signerName, why));
  } else if (signerName === '') faults.push(field.required('spec.signerName'));
  else addSignerName(faults, signerName, 'spec.signerName');
  if (expirationSeconds !== undefined && expirationSeconds < minSeconds) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    faults.push(field.invalid('spec.expirationSeconds', expirationSeconds, why));
  }
  addConditions(faults, object.status?.conditions ?? []);
}

const maxDomainBytes = 253;
/** A domain, a slash, and a path that has room for a label and a subdomain. */
const maxSignerBytes = maxDomainBytes + 1 + 253 + 63 + 1;

/** A domain of two labels or more, and a name below it (ValidateSignerName). */
function addSignerName(faults: Faults, name: string, at: string): void {
  const [domain = '', path = '', ...more] = name.split('/');
  if (more.length > 0 || !name.includes('/')) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    faults.push(field.invalid(at, name, why));
    return;
  }
  if (bytesOf(domain) > maxDomainBytes) faults.push(field.tooLong(at, maxDomainBytes));
  const labels = domain.split('.');
  addFirstBad(faults, at, domain, labels, checkDns1123Label);
  if (labels.length < 2) {
    faults.push(field.invalid(at, domain, 'should be a domain with at least two segments separated by dots'));
  }
  addFirstBad(faults, at, path, path.split('.'), checkDns1123Subdomain);
  if (bytesOf(name) > maxSignerBytes) faults.push(field.tooLong(at, maxSignerBytes));
}

function addFirstBad(faults: Faults, at: string, value: string, labels: readonly string[], check: Check): void {
  const bad = labels.find((label) => check(label).length > 0);
  if (bad === undefined) return;
  addEach(
    faults,
    at,
    value,
    check(bad).map((why) => `validating label ${JSON.stringify(bad)}: ${why}`),
  );
}

const decisions = ['Approved', 'Denied'] as const;
const lasting = [...decisions, 'Failed'] as const;

function addConditions(faults: Faults, conditions: readonly Condition[]): void {
  for (const [index, { type = '', status }] of conditions.entries()) {
    const at = `status.conditions[${index}]`;
    const before = conditions.slice(0, index).map((one) => one.type);
    if (type === '') faults.push(field.required(`${at}.type`));
    const isLasting = (lasting as readonly string[]).includes(type);
    addUnsupported(faults, `${at}.status`, status, isLasting ? ['True'] : ['False', 'True', 'Unknown']);
    if ((type === 'Approved' && before.includes('Denied')) || (type === 'Denied' && before.includes('Approved')))
      faults.push(field.invalid(`${at}.type`, type, 'Approved and Denied conditions are mutually exclusive'));
    if (before.includes(type)) faults.push(field.duplicate(`${at}.type`, type));
  }
}

/** What a change may do, by whether it comes through the request itself, its approval or its status. */
const addChange =
  (through: 'request' | 'approval' | 'status') =>
  (faults: Faults, next: Request, previous: Request): void => {
    if (through !== 'request') addConditions(faults, next.status?.conditions ?? []);
    const [certificate = '', before = ''] = [next.status?.certificate, previous.status?.certificate];
    if (certificate !== before) addUnreadable(faults, certificate);
    const at = 'status.conditions';
    const of = (object: Request, type: string): Condition[] =>
      (object.status?.conditions ?? []).filter((one) => one.type === type);
    for (const type of lasting)
      if (of(next, type).length < of(previous, type).length)
        faults.push(field.forbidden(at, `updates may not remove a condition of type "${type}"`));
    for (const type of through === 'approval' ? [] : decisions) {
      const [now, before] = [of(next, type), of(previous, type)];
      if (now.length > before.length)
        faults.push(field.forbidden(at, `updates may not add a condition of type "${type}"`));
      else if (now.length === before.length && !deepEqual(now, before))
        faults.push(field.forbidden(at, `updates may not modify a condition of type "${type}"`));
    }
    if (certificate === before) return;
    if (through !== 'status')
      faults.push(field.forbidden('status.certificate', 'updates may not set certificate content'));
    else if (before !== '') {
      faults.push(field.forbidden('status.certificate', 'updates may not modify existing certificate content'));
    }
  };

function addUnreadable(faults: Faults, certificate: string): void {
  const fault = certificateFault(Buffer.from(certificate, 'base64').toString('latin1'));
  if (fault !== undefined) faults.push(field.invalid('status.certificate', '<certificate data>', fault));
}

function certificateFault(pem: string): string | undefined {
  if (pem === '') return undefined;
  const blocks = pemBlocks(pem);
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${goQuote(type)}`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
    if (!isCertificate(bytes)) return 'x509: malformed certificate';
  }
  return undefined;
}

function isCertificate(der: Buffer): boolean {
  try {
    new X509Certificate(der);
    return true;
  } catch {
    return false;
  }
}

export const addSigningRequestUpdate = addChange('request');
export const addSigningRequestApproval = addChange('approval');
export const addSigningRequestStatus = addChange('status');
