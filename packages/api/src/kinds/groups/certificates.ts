import type { Definition } from '../../definition.ts';
import { groupVersion, status, subresource, writeVerbs } from '../define.ts';

const certificates = groupVersion('certificates.k8s.io', 'v1', 'io.k8s.api.certificates.v1');

/** certificates.k8s.io/v1. */
export const certificatesKinds: readonly Definition[] = [
  certificates('CertificateSigningRequest', 'certificatesigningrequests', {
    clusterScoped: true,
    shortNames: ['csr'],
    subresources: [subresource('approval', writeVerbs), status],
  }),
];
