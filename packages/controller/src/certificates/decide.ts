/** Which certificate signing requests the built-in signers accept (k8s.io/kubernetes pkg/apis/certificates/helpers.go, pkg/controller/certificates). Pure. */
import type { CertificateSigningRequest } from '@skiff/api';

/** What a PKCS#10 request asks for. */
export interface Asked {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const clientSigner = 'kubernetes.io/kube-apiserver-client';
export const nodeClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const nodeServingSigner = 'kubernetes.io/kubelet-serving';
export const isBuiltinSigner = (name: string): boolean =>
  [clientSigner, nodeClientSigner, nodeServingSigner].includes(name);

const nodePrefix = 'system:node:';
const nodesGroup = 'system:nodes';
const clientUsages = ['key encipherment', 'digital signature', 'client auth'];
const servingUsages = ['key encipherment', 'digital signature', 'server auth'];

/** Why the signer will not sign this; undefined when it will. */
export function refusal(signer: string, asked: Asked, usages: readonly string[]): string | undefined {
  if (signer === nodeClientSigner) return nodeClientRefusal(asked, usages);
  if (signer === nodeServingSigner) return nodeServingRefusal(asked, usages);
  return usages.includes('client auth') && usages.every((usage) => clientUsages.includes(usage))
    ? undefined
    : `invalid usage for client certificate: ${usages.join(',')}`;
}

function nodeClientRefusal(asked: Asked, usages: readonly string[]): string | undefined {
  if (!isNodesGroup(asked)) return 'subject organization is not system:nodes';
  if (asked.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (asked.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (asked.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (asked.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!asked.commonName.startsWith(nodePrefix)) return 'subject common name does not begin with system:node:';
  return sameUsages(usages, clientUsages)
    ? undefined
    : 'usages did not match [client auth digital signature key encipherment]';
}

function nodeServingRefusal(asked: Asked, usages: readonly string[]): string | undefined {
  if (!isNodesGroup(asked)) return 'subject organization is not system:nodes';
  if (asked.dnsNames.length === 0 && asked.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (asked.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (asked.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!asked.commonName.startsWith(nodePrefix)) return 'subject common name does not begin with system:node:';
  return sameUsages(usages, servingUsages)
    ? undefined
    : 'usages did not match [digital signature key encipherment server auth]';
}

const isNodesGroup = ({ organizations }: Asked): boolean =>
  organizations.length === 1 && organizations[0] === nodesGroup;

/** Key encipherment means nothing for other keys than RSA's, and may be left out. */
const sameUsages = (usages: readonly string[], all: readonly string[]): boolean =>
  usages.every((usage) => all.includes(usage)) &&
  all.every((usage) => usage === 'key encipherment' || usages.includes(usage));

export type Standing = 'pending' | 'approved' | 'denied' | 'failed' | 'issued';

export function standingOf({ status }: CertificateSigningRequest): Standing {
  const has = (type: string): boolean => status?.conditions?.some((one) => one.type === type) === true;
  if (has('Denied')) return 'denied';
  if (has('Failed')) return 'failed';
  if (!has('Approved')) return 'pending';
  return (status?.certificate ?? '') === '' ? 'approved' : 'issued';
}

/** A node's request for a client certificate is approved by itself for whoever may create this subresource; undefined for any other. */
export function selfApproval(
  { spec }: CertificateSigningRequest,
  asked: Asked,
): { readonly subresources: readonly string[]; readonly message: string } | undefined {
  if (spec.signerName !== nodeClientSigner || refusal(nodeClientSigner, asked, spec.usages ?? []) !== undefined)
    return undefined;
  const own = spec.username === asked.commonName;
  const one = own
    ? {
        subresources: ['selfnodeclient', 'nodeclient'],
        message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
      }
    : { subresources: ['nodeclient'], message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };
  return one;
}

const dayMs = 24 * 3_600_000;
/** kube-controller-manager's --cluster-signing-duration: 365 days. */
const longestMs = 365 * dayMs;
const shortestMs = 10 * 60_000;

/** How long the certificate holds: what is asked for, from ten minutes to a year. */
export const lifetimeMs = ({ spec }: CertificateSigningRequest): number =>
  spec.expirationSeconds === undefined || spec.expirationSeconds === null
    ? longestMs
    : Math.min(longestMs, Math.max(shortestMs, spec.expirationSeconds * 1000));
