import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseYaml } from '../json/yaml.ts';
import type { JsonObject } from '../object.ts';
import { prepared } from '../validation/testing.ts';
import { warningsOf } from './warnings.ts';

const warnings = (document: string, old?: string): string[] => {
  const { definition, object } = prepared(document);
  return warningsOf(definition, object, old === undefined ? undefined : prepared(old).object);
};

const pod = (spec: string, metadata = ''): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: p${metadata}}, spec: {containers: [{name: c, image: i}]${spec === '' ? '' : `, ${spec}`}}}`;
const withContainer = (more: string): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, ${more}}]}}`;
const nothing = 'a null labelSelector results in matching no pod';

test('a spec that was seen before is warned of as if it were the first', () => {
  const dead = ', annotations: {security.alpha.kubernetes.io/sysctls: a}';
  for (let round = 0; round < 2; round += 1) {
    expect(warnings(pod('restartPolicy: Never'))).toEqual([]);
    expect(warnings(pod('restartPolicy: Never', dead))).toHaveLength(1);
    expect(warnings(pod('terminationGracePeriodSeconds: -1', dead))).toHaveLength(2);
  }
});

describe('a pod', () => {
  it.each<[string, string[]]>([
    [pod(''), []],
    [
      pod('').replace('name: p', 'name: p.q'),
      [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      ],
    ],
    [
      pod('nodeSelector: {beta.kubernetes.io/os: linux}'),
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      pod(
        'topologySpreadConstraints: [{maxSkew: 1, topologyKey: beta.kubernetes.io/arch, whenUnsatisfiable: DoNotSchedule}]',
      ),
      [
        'spec.topologySpreadConstraints[0].topologyKey: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
        `spec.topologySpreadConstraints[0].labelSelector: ${nothing}`,
      ],
    ],
    [
      pod('affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a}]}}'),
      [`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${nothing}`],
    ],
    [
      pod('', ', annotations: {scheduler.alpha.kubernetes.io/critical-pod: ""}'),
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    ],
    [
      pod('', ', annotations: {seccomp.security.alpha.kubernetes.io/pod: x}'),
      [
        'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    ],
    [pod('volumes: [{name: v, gitRepo: {repository: r}}]'), ['spec.volumes[0].gitRepo: deprecated in v1.11']],
    [
      pod(
        'volumes: [{name: v, configMap: {name: m, items: [{key: a, path: x}, {key: b, path: x/z}, {key: c, path: xy}]}}, {name: w, secret: {secretName: s, items: [{key: a, path: x}, {key: b, path: x/}]}}]',
      ),
      [
        'volume "v" (ConfigMap "m"): overlapping paths: "x/z" with "x"',
        'volume "w" (Secret "s"): overlapping paths: "x" with "x"',
      ],
    ],
    [
      pod(
        'volumes: [{name: v, downwardAPI: {items: [{path: a/b, fieldRef: {fieldPath: metadata.name}}, {path: a, fieldRef: {fieldPath: metadata.name}}]}}]',
      ),
      ['volume "v" (DownwardAPI): overlapping paths: "a" with "a/b"'],
    ],
    [
      pod(
        'volumes: [{name: v, projected: {sources: [{}, {serviceAccountToken: {path: token}}, {configMap: {name: m}}, {secret: {name: s, items: [{key: a, path: token}]}}, {downwardAPI: {items: [{path: token/x, fieldRef: {fieldPath: metadata.name}}]}}]}}]',
      ),
      [
        'volume "v" (Projected) has no sources provided',
        'volume "v" (Projected): overlapping paths: "token" (Secret "s") with "token" (ServiceAccountToken)',
        'volume "v" (Projected): overlapping paths: "token/x" (DownwardAPI) with "token" (ServiceAccountToken)',
        'volume "v" (Projected): overlapping paths: "token/x" (DownwardAPI) with "token" (Secret "s")',
      ],
    ],
    [pod('hostAliases: [{ip: 1.1.1.1}, {ip: 1.1.1.1}]'), ['spec.hostAliases[1].ip: duplicate ip "1.1.1.1"']],
    [pod('imagePullSecrets: [{name: a}, {name: ""}]'), ['spec.imagePullSecrets[1].name: invalid empty name ""']],
    [
      pod('terminationGracePeriodSeconds: -1'),
      ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
    ],
    [
      withContainer('resources: {limits: {memory: 100m}}'),
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      ],
    ],
    [
      withContainer('env: [{name: A, value: x}, {name: A, value: z}]'),
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [withContainer('env: [{name: A, value: x}, {name: A, value: "$(A)y"}]'), []],
    [
      withContainer('ports: [{containerPort: 80}, {containerPort: 80, hostPort: 8080}]'),
      ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]'],
    ],
    [
      withContainer('ports: [{containerPort: 80}, {containerPort: 80}]'),
      ['spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]'],
    ],
    [
      withContainer('ports: [{containerPort: 80, hostIP: 1.1.1.1}]'),
      [
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.1.1.1}',
      ],
    ],
    [
      withContainer('ports: [{containerPort: 80, hostPort: 80, hostIP: 1.1.1.1}, {containerPort: 80, hostPort: 80}]'),
      ['spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]'],
    ],
  ])('%s', (document, expected) => {
    expect(warnings(document)).toEqual(expected);
  });

  it('is told nothing when it changes', () => {
    expect(warnings(pod('hostAliases: [{ip: 1.1.1.1}, {ip: 1.1.1.1}]'), pod(''))).toEqual([]);
  });
});

const template =
  '{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}], nodeSelector: {beta.kubernetes.io/arch: x}}}';
const deployment = (name: string, replicas = 1): string =>
  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ${name}}, spec: {replicas: ${replicas}, selector: {matchLabels: {a: b}}, template: ${template}}}`;
const arch =
  'spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead';

test('a template is told of under its path, a name once, and a change of nothing not at all', () => {
  const name =
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]';
  expect(warnings(deployment('d.e'))).toEqual([name, arch]);
  expect(warnings(deployment('d.e', 2), deployment('d.e'))).toEqual([arch]);
  expect(warnings(deployment('d.e'), deployment('d.e'))).toEqual([]);
});

const service = (spec: string): string => `{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {${spec}}}`;
test.each<[string, string[]]>([
  [service('clusterIP: None, externalIPs: [1.1.1.1], sessionAffinity: ClientIP'), []],
  [service('clusterIP: "FD00::1", clusterIPs: ["FD00::1"], type: ExternalName, externalName: a.b'), []],
  [
    service(
      'clusterIP: "FD00::1", clusterIPs: ["FD00::1", 10.0.0.1], externalIPs: ["fd00:0::2", "fd00::2"], loadBalancerIP: x, loadBalancerSourceRanges: ["FD00::/64", 10.0.0.0/8, x/8], ports: [{port: 80}]',
    ),
    [
      'spec.clusterIPs[0]: IPv6 address "FD00::1" is not in RFC 5952 canonical format ("fd00::1"), which may cause controller apply-loops',
      'spec.externalIPs[0]: IPv6 address "fd00:0::2" is not in RFC 5952 canonical format ("fd00::2"), which may cause controller apply-loops',
      'spec.loadBalancerIP: IP address was accepted, but will be invalid in a future Kubernetes release: ParseAddr("x"): unable to parse IP',
      'spec.loadBalancerSourceRanges[0]: IPv6 prefix "FD00::/64" is not in RFC 5952 canonical format ("fd00::/64"), which may cause controller apply-loops',
      'spec.loadBalancerSourceRanges[2]: IP prefix was accepted, but will be invalid in a future Kubernetes release: netip.ParsePrefix("x/8"): ParseAddr("x"): unable to parse IP',
    ],
  ],
  [
    service('type: ExternalName, externalName: a.b, externalIPs: [1.1.1.1]'),
    ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  ],
  [
    service('externalName: a.b, ports: [{port: 80}]'),
    ['spec.externalName is ignored when spec.type is not "ExternalName"'],
  ],
  [
    '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, annotations: {kubernetes.io/ingress.class: nginx}}, spec: {}}',
    ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'],
  ],
  [
    '{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, annotations: {kubernetes.io/enforce-mountable-secrets: "true"}}}',
    [
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ],
  ],
  [
    '{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {capacity: {storage: 1Gi}, persistentVolumeReclaimPolicy: Recycle, rbd: {monitors: [a], image: i}}}',
    [
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      'spec.rbd: deprecated in v1.28, non-functional in v1.31+',
    ],
  ],
  [
    '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {resources: {requests: {storage: 1500m}}}}',
    ['spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer'],
  ],
  [
    '{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {resources: {requests: {storage: 1}, limits: {storage: 1500m}}}}',
    ['spec.resources.limits[storage]: fractional byte value "1500m" is invalid, must be an integer'],
  ],
  [
    '{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: a.b, allowedTopologies: [{matchLabelExpressions: [{key: beta.kubernetes.io/os, values: [a]}]}]}',
    ['allowedTopologies[0].matchLabelExpressions[0].key: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    '{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: c}, storageClassName: s, nodeTopology: {matchLabels: {beta.kubernetes.io/os: a}, matchExpressions: [{key: beta.kubernetes.io/arch, operator: Exists}]}}',
    [
      'nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      'nodeTopology.matchLabels.beta.kubernetes.io/os: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  ],
  [
    '{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: c}, handler: h, scheduling: {nodeSelector: {beta.kubernetes.io/os: a}}}',
    ['scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    '{apiVersion: v1, kind: Node, metadata: {name: node}, spec: {externalID: x, configSource: {}}}',
    [
      'spec.configSource: the feature is removed',
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    ],
  ],
  [
    `{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {completionMode: Indexed, completions: 100001, parallelism: 10001, template: ${template}}}`,
    [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
      arch,
    ],
  ],
  [
    `{apiVersion: batch/v1, kind: CronJob, metadata: {name: c}, spec: {schedule: "TZ=UTC * * * * *", jobTemplate: {spec: {template: ${template.replace('nodeSelector', 'restartPolicy: Never, nodeSelector')}}}}}`,
    [
      arch.replace('spec.', 'spec.jobTemplate.spec.'),
      'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
    ],
  ],
])('%s', (document, expected) => {
  expect(warnings(document)).toEqual(expected);
});

const manifests = parseYaml(readFileSync(new URL('../schema/manifests.yaml', import.meta.url), 'utf8'));
test.each(manifests.map(({ value }) => value as JsonObject).map((one) => [one.kind, one] as const))(
  'a real-looking %s can be looked at',
  (_kind, manifest) => {
    const { definition, object } = prepared(structuredClone(manifest));
    expect(Array.isArray(warningsOf(definition, object))).toBe(true);
    expect(warningsOf(definition, object, structuredClone(object))).toEqual([]);
  },
);
