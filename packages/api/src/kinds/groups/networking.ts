import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const networking = groupVersion('networking.k8s.io', 'v1', 'io.k8s.api.networking.v1');

/** networking.k8s.io/v1. */
export const networkingKinds: readonly Definition[] = [
  networking('IngressClass', 'ingressclasses', { clusterScoped: true }),
  networking('Ingress', 'ingresses', { shortNames: ['ing'], subresources: [status] }),
  networking('NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'] }),
];
