/** How a CRD's objects get from one version to another (apiextensions' validateCustomResourceConversion of v1.32). */
import { X509Certificate } from 'node:crypto';
import { checkDns1035Label, type FieldError, field, goBytes } from '@skiff/api';
import { checkClientConfig } from '@skiff/api/validation';
import { type Conversion, type Crd, isTrue } from './types.ts';

export interface ConversionOptions {
  /** What was stored with reviews of no known version may stay so. */
  readonly needsKnownReview: boolean;
  /** Before it is established, a definition may carry a bundle that somebody fills in later. */
  readonly mayHaveBadBundle: boolean;
}

const known = ['v1', 'v1beta1'];
const path = 'spec.conversion';
/** The fields of v1's `webhook` are reported by the names they have inside Kubernetes. */
const at = { config: `${path}.webhookClientConfig`, versions: `${path}.conversionReviewVersions` };

/** What a change of `old` is held to; undefined: a new definition. */
export function conversionOptions(old: Crd | undefined): ConversionOptions {
  const { conversionReviewVersions: reviews = [], clientConfig } = old?.spec?.conversion?.webhook ?? {};
  const bundle = clientConfig?.caBundle ?? '';
  return {
    needsKnownReview: reviews.length === 0 || reviews.some((version) => known.includes(version)),
    mayHaveBadBundle:
      old === undefined || !isTrue(old, 'Established') || (bundle !== '' && bundleFault(bundle) !== undefined),
  };
}

export function conversionFaults({ strategy = '', webhook }: Conversion, options: ConversionOptions): FieldError[] {
  const faults: FieldError[] = [];
  if (strategy === '') faults.push(field.required(`${path}.strategy`));
  else if (strategy !== 'None' && strategy !== 'Webhook') {
    faults.push(field.notSupported(`${path}.strategy`, strategy, ['None', 'Webhook']));
  }
  const { clientConfig, conversionReviewVersions: versions = [] } = webhook ?? {};
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (clientConfig !== undefined) faults.push(field.forbidden(at.config, why));
    if (versions.length > 0) faults.push(field.forbidden(at.versions, why));
    return faults;
  }
  if (clientConfig === undefined) {
    faults.push(field.required(at.config, 'required when strategy is set to Webhook'));
  } else {
    faults.push(...checkClientConfig(clientConfig, at.config));
    const { caBundle = '' } = clientConfig;
    const why = caBundle === '' || options.mayHaveBadBundle ? undefined : bundleFault(caBundle);
    if (why !== undefined) faults.push(field.invalid(`${at.config}.caBundle`, goBytes(caBundle), why));
  }
  addReviewVersions(faults, versions, options.needsKnownReview);
  return faults;
}

function addReviewVersions(faults: FieldError[], versions: readonly string[], needsKnown: boolean): void {
  if (versions.length === 0) {
    faults.push(field.required(at.versions));
    return;
  }
  for (const [index, version] of versions.entries()) {
    const here = `${at.versions}[${index}]`;
    if (versions.indexOf(version) < index) faults.push(field.invalid(here, version, 'duplicate version'));
    else for (const why of checkDns1035Label(version)) faults.push(field.invalid(here, version, why));
  }
  if (!needsKnown || versions.some((version) => known.includes(version))) return;
  faults.push(field.invalid(at.versions, versions, `must include at least one of ${known.join(', ')}`));
}

/** Why no client could trust anybody by these certificates; one good one is enough. */
function bundleFault(base64: string): string | undefined {
  const pem = Buffer.from(base64, 'base64').toString('latin1');
  const blocks = pem.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g) ?? [];
  const certificates = blocks.filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'));
  if (certificates.some(isCertificate)) return undefined;
  const why =
    blocks.length === 0
      ? 'unable to parse bytes as PEM block'
      : certificates.length > 0
        ? 'failed to parse certificate: x509: malformed certificate'
        : 'no valid certificate authority data seen';
  return `unable to load root certificates: ${why}`;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
