/** What a simulated node keeps of a pod: what decisions and status are made of, not what a real container would be given. Pure. */
import type { Container, Pod } from '@skiff/api';

export function slimPod(pod: Pod): Pod {
  const { managedFields: _m, annotations: _a, labels: _l, ownerReferences: _o, ...metadata } = pod.metadata;
  const { volumes: _v, dnsConfig: _d, hostAliases: _h, securityContext: _s, ...spec } = pod.spec;
  const { containers, initContainers } = spec;
  return {
    ...pod,
    metadata,
    spec: {
      ...spec,
      containers: containers.map(slimContainer),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(slimContainer) }),
    },
  };
}

function slimContainer(container: Container): Container {
  const { command: _c, args: _a, env: _e, envFrom: _f, volumeMounts: _v, lifecycle: _l, ...rest } = container;
  return rest;
}
