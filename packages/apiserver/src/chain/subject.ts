/** Reads a certificate's subject. Only CN and O matter: Kubernetes' user and groups. */
import type { X509Certificate } from 'node:crypto';

export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/**
 * The subject of a certificate. Reads the legacy object and not the printed text, whose escaping would let a crafted
 * organization pass for two; a subject with several common names has none.
 */
export function subjectOf(certificate: X509Certificate): Subject {
  const subject: unknown = certificate.toLegacyObject().subject;
  return {
    commonName: member(subject, 'CN').length === 1 ? (member(subject, 'CN')[0] ?? '') : '',
    organizations: member(subject, 'O'),
  };
}

function member(subject: unknown, key: 'CN' | 'O'): readonly string[] {
  if (typeof subject !== 'object' || subject === null || !Object.hasOwn(subject, key)) return [];
  const value: unknown = (subject as Record<string, unknown>)[key];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one): one is string => typeof one === 'string');
}
