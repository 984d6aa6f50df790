import { expect, test } from 'vitest';
import { faultsOf, podText as pod } from '../testing.ts';

test('a plain pod is valid', () => {
  expect(faultsOf(pod())).toEqual([]);
});

test('a pod needs a container, and a container a name and an image', () => {
  expect(faultsOf('{apiVersion: v1, kind: Pod, metadata: {name: a}}')).toEqual(['spec.containers: Required value']);
  expect(faultsOf('{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{}]}}')).toEqual([
    'spec.containers[0].name: Required value',
    'spec.containers[0].image: Required value',
  ]);
});

test('a spec that was seen before is judged as if it were the first', () => {
  const claim = '{volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}';
  const volumes = `volumes: [{name: v, ephemeral: ${claim}}, {name: w, persistentVolumeClaim: {claimName: a-v}}]`;
  const image = 'spec: {containers: [{name: c, image: i}], volumes: [{name: v, image: {}}]}';
  const template = `{apiVersion: v1, kind: PodTemplate, metadata: {name: a}, template: {metadata: {labels: {a: b}}, ${image}}}`;
  for (let round = 0; round < 2; round += 1) {
    expect(faultsOf(pod('restartPolicy: Never'))).toEqual([]);
    expect(faultsOf(pod('restartPolicy: Perhaps'))).toHaveLength(1);
    expect(faultsOf(pod(volumes).replace('name: a', 'name: b'))).toEqual([]);
    expect(faultsOf(pod(volumes))).toHaveLength(1);
    expect(faultsOf(template)).toEqual([]);
    expect(faultsOf(`{apiVersion: v1, kind: Pod, metadata: {name: a}, ${image}}`)).toHaveLength(1);
  }
});

test.each([
  ['name: C_1', 'spec.containers[0].name: Invalid value: "C_1": a lowercase RFC 1123 label must consist'],
  ['image: " i"', 'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace'],
  [
    'imagePullPolicy: Sometimes',
    'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
  ],
  ['ports: [{containerPort: 0}]', 'spec.containers[0].ports[0].containerPort: Required value'],
  [
    'ports: [{containerPort: 70000}]',
    'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
  ],
  [
    'ports: [{containerPort: 80, name: http}, {containerPort: 81, name: http}]',
    'spec.containers[0].ports[1].name: Duplicate value: "http"',
  ],
  [
    'ports: [{containerPort: 80, hostPort: 8}, {containerPort: 81, hostPort: 8}]',
    'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//8"',
  ],
  [
    'ports: [{containerPort: 80, protocol: ICMP}]',
    'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
  ],
  ['env: [{value: x}]', 'spec.containers[0].env[0].name: Required value'],
  [
    'env: [{name: "a=b"}]',
    'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than',
  ],
  [
    'env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]',
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
  ],
  [
    'env: [{name: A, value: "a\\0b"}]',
    'spec.containers[0].env[0].value: Invalid value: "a\\x00b": must not contain the NUL character',
  ],
  ['args: [a, "\\0"]', 'spec.containers[0].args[1]: Invalid value: "\\x00": must not contain the NUL character'],
  [
    'env: [{name: A, valueFrom: {}}]',
    'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`',
  ],
  [
    'env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.x}}}]',
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x',
  ],
  [
    'env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]',
    'spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value',
  ],
  [
    'env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.disk}}}]',
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.disk"',
  ],
  [
    'envFrom: [{}]',
    'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
  ],
  ['volumeMounts: [{name: v, mountPath: /v}]', 'spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  [
    'resources: {limits: {cpu: "1"}, requests: {cpu: "2"}}',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  [
    'resources: {limits: {cpu: "-1"}}',
    'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'resources: {requests: {gpu: "1"}}',
    'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
  ],
  [
    'resources: {requests: {example.com/gpu: "1"}}',
    'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
  ],
  [
    'livenessProbe: {periodSeconds: -1}',
    'spec.containers[0].livenessProbe: Required value: must specify a handler type',
  ],
  [
    'livenessProbe: {periodSeconds: -1, exec: {command: [a]}}',
    'spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
  ],
  [
    'livenessProbe: {successThreshold: 2, tcpSocket: {port: 1}}',
    'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
  ],
  [
    'readinessProbe: {exec: {command: [a]}, httpGet: {port: 1}}',
    'spec.containers[0].readinessProbe.httpGet: Forbidden: may not specify more than 1 handler type',
  ],
  [
    'lifecycle: {preStop: {sleep: {seconds: 100}}}',
    'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 100: must be greater than 0 and less than terminationGracePeriodSeconds (30)',
  ],
  ['restartPolicy: Always', 'spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers'],
  [
    'securityContext: {runAsUser: -1}',
    'spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ],
  [
    'securityContext: {privileged: true, allowPrivilegeEscalation: false}',
    'spec.containers[0].securityContext: Invalid value',
  ],
  [
    'securityContext: {seccompProfile: {type: Localhost, localhostProfile: ../x}}',
    'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "../x": must not contain \'..\'',
  ],
  ['terminationMessagePolicy: Never', 'spec.containers[0].terminationMessagePolicy: Unsupported value: "Never"'],
])('container %s', (container, fault) => {
  const text = pod('', container).replace(/\{name: c, image: "i:1", (name|image):/, (_all, key) =>
    key === 'name' ? '{image: "i:1", name:' : '{name: c, image:',
  );
  const [first] = faultsOf(text);
  expect(first?.slice(0, fault.length)).toBe(fault);
});

test.each([
  [
    'restartPolicy: Sometimes',
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  ['dnsPolicy: None', 'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  ['nodeSelector: {constructor-: x}', 'spec.nodeSelector: Invalid value: "constructor-": name part must consist'],
  ['nodeName: A', 'spec.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
  ['hostname: a.b', 'spec.hostname: Invalid value: "a.b": must not contain dots'],
  [
    'activeDeadlineSeconds: 0',
    'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
  ],
  [
    'activeDeadlineSeconds: 9007199254740993',
    'spec.activeDeadlineSeconds: Invalid value: 9007199254740993: must be between',
  ],
  [
    'tolerations: [{}]',
    'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means',
  ],
  ['tolerations: [{key: a, operator: Exists, value: b}]', 'spec.tolerations[0].operator: Invalid value'],
  [
    'tolerations: [{key: a, tolerationSeconds: 1}]',
    'spec.tolerations[0].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
  ],
  [
    'tolerations: [{key: a, effect: Maybe}]',
    'spec.tolerations[0].effect: Unsupported value: "Maybe": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
  ],
  [
    'topologySpreadConstraints: [{maxSkew: 0, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]',
    'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
  ],
  [
    'affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}',
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
  ],
  [
    'affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{}]}}',
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
  ],
  ['volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}]', 'spec.volumes[1].name: Duplicate value: "v"'],
  [
    'volumes: [{name: v, emptyDir: {}, hostPath: {path: /x}}]',
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'volumes: [{name: v, hostPath: {path: /a/../b}}]',
    'spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
  ],
  ['volumes: [{name: v, secret: {}}]', 'spec.volumes[0].secret.secretName: Required value'],
  [
    'volumes: [{name: v, configMap: {name: c, items: [{key: k, path: ../x}]}}]',
    'spec.volumes[0].configMap.items[0].path: Invalid value: "../x": must not contain \'..\'',
  ],
  [
    'volumes: [{name: v, configMap: {name: c, items: [{key: k, path: /x}]}}]',
    'spec.volumes[0].configMap.items[0].path: Invalid value: "/x": must be a relative path',
  ],
  [
    'volumes: [{name: v, configMap: {name: c, defaultMode: 1000}}]',
    'spec.volumes[0].configMap.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive',
  ],
  [
    'volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 599}}]}}]',
    'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ],
  ['hostAliases: [{ip: 010.0.0.1}]', 'spec.hostAliases[0].ip: Invalid value: "010.0.0.1": must be a valid IP address'],
  ['ephemeralContainers: [{name: d, image: i}]', 'spec.ephemeralContainers: Forbidden: cannot be set on create'],
  ['initContainers: [{name: c, image: i}]', 'spec.initContainers[0].name: Duplicate value: "c"'],
  [
    'initContainers: [{name: d, image: i, livenessProbe: {exec: {command: [a]}}}]',
    'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ],
  [
    'schedulingGates: [{name: a.b/c}], nodeName: n1',
    'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
  ],
  [
    'securityContext: {sysctls: [{name: net.ipv4.x}]}, hostNetwork: true',
    'spec.securityContext.sysctls[0].name: Invalid value: "net.ipv4.x": may not be specified when \'hostNetwork\' is true',
  ],
])('pod %s', (spec, fault) => {
  const [first] = faultsOf(pod(spec));
  expect(first?.slice(0, fault.length)).toBe(fault);
});

test('mounts inside the volume', () => {
  const mount = (more: string): string[] =>
    faultsOf(pod('volumes: [{name: v, emptyDir: {}}]', `volumeMounts: [{name: v, mountPath: /v, ${more}}]`));
  expect(mount('subPath: a/b')).toEqual([]);
  expect(mount('subPath: ../b')).toEqual([
    'spec.containers[0].volumeMounts.subPath: Invalid value: "../b": must not contain \'..\'',
  ]);
  expect(mount('mountPropagation: Bidirectional')).toEqual([
    'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
  ]);
  expect(
    faultsOf(
      pod('volumes: [{name: v, emptyDir: {}}]', 'volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]'),
    ),
  ).toEqual(['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique']);
});
