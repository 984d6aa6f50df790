/** What of its certificate an agent must know: whether it can be used, and when to ask for the next. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** PEM texts. */
export interface NodeCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Throws for a text that is no certificate. */
export function validityOf(certPem: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certPem);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

/** Why the certificate cannot be used to be this node; undefined when it can. */
export function certificateFault(
  { certPem, keyPem }: NodeCertificate,
  nodeName: string,
  caPem: string,
  nowMs: number,
): string | undefined {
  try {
    const certificate = new X509Certificate(certPem);
    const names = certificate.subject.split('\n');
    if (!names.includes(`CN=system:node:${nodeName}`)) return `it is for ${names.join(', ')}`;
    if (nowMs >= validityOf(certPem).notAfterMs) return `it ran out at ${certificate.validTo}`;
    if (!certificate.verify(new X509Certificate(caPem).publicKey)) return 'another authority has signed it';
    return certificate.checkPrivateKey(createPrivateKey(keyPem)) ? undefined : 'it is for another key';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** When to renew: after 70 to 90 % of the life, so that nodes made together do not come together (kubelet's certificate manager). */
export function renewAt({ notBeforeMs, notAfterMs }: Validity, random: number): number {
  return notBeforeMs + Math.round((notAfterMs - notBeforeMs) * (0.7 + 0.2 * random));
}
