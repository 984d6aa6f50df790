/** What `skiff up` says at its end: where everything is, and what to type next. Pure. */
import { join } from 'node:path';
import { type ClusterConfig, controlPlaneIP, type HostLayout, paths } from '../local/layout.ts';

interface Place {
  /** Path of the repository, from where the user stands; '' when that is where he stands. */
  readonly repository: string;
  /** The cluster is in another folder than the repository's own. */
  readonly elsewhere: boolean;
}

export function summary(config: ClusterConfig, hosts: readonly HostLayout[], place: Place): string {
  const { kubeconfig, logs } = paths(config);
  const at = (path: string): string => join(place.repository, path);
  const skiff = at('packages/cli/bin/skiff');
  const state = place.elsewhere ? ` --state ${config.stateDir}` : '';
  return `
  kubeconfig  ${kubeconfig}
  REST        https://${controlPlaneIP(config)}:${config.restPort}
  gRPC        ${controlPlaneIP(config)}:${config.grpcPort}
  nodes       ${hosts.map(({ name, ip }) => `${name} (${ip})`).join(', ')}
  logs        ${logs}

try (kubectl and helm take the same kubeconfig):
  export KUBECONFIG=${kubeconfig}
  ${skiff} get nodes
  ${at('scripts/images')}${state} && ${skiff} image load${state} skiff/guestbook-web:1 skiff/guestbook-store:1
  ${skiff} apply -f ${at('examples/guestbook')}
`;
}
