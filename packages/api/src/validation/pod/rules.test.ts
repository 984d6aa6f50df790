import { expect, test } from 'vitest';
import { faultsOf, podText as pod } from '../testing.ts';

const volumes = 'volumes: [{name: v, emptyDir: {}}, {name: p, persistentVolumeClaim: {claimName: p}}]';

test.each([
  [
    'volumeMounts: [{name: v, mountPath: /v, recursiveReadOnly: Enabled}]',
    'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
  ],
  [
    'volumeMounts: [{name: v, mountPath: /v, readOnly: true, recursiveReadOnly: Enabled, mountPropagation: HostToContainer}]',
    'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified',
  ],
  [
    'volumeMounts: [{name: v, mountPath: /v, recursiveReadOnly: Maybe}]',
    'spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: "Maybe": supported values: "Disabled", "Enabled", "IfPossible"',
  ],
  [
    'volumeDevices: [{name: p, devicePath: /a/../b}]',
    'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/a/../b": can not contain backsteps (\'..\')',
  ],
  [
    'resizePolicy: [{resourceName: disk, restartPolicy: NotRequired}]',
    'spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"',
  ],
  [
    'resources: {limits: {hugepages-2Mi: 2Mi}}',
    'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
  ],
  [
    'resources: {limits: {cpu: "1", hugepages-2Mi: 3Mi}}',
    'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
  ],
  [
    'resources: {claims: [{name: x}]}',
    'spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty',
  ],
  [
    'env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.restartPolicy}}}]',
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.restartPolicy": supported values: "metadata.name"',
  ],
  [
    'env: [{name: A, valueFrom: {fieldRef: {fieldPath: "metadata.name[\'a\']"}}}]',
    "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['a']\": error converting fieldPath: field label does not support subscript: metadata.name['a']",
  ],
  [
    'securityContext: {appArmorProfile: {type: RuntimeDefault, localhostProfile: x}}',
    'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost',
  ],
  [
    'securityContext: {appArmorProfile: {localhostProfile: x}}',
    'spec.containers[0].securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set',
  ],
  [
    'securityContext: {procMount: Unmasked}',
    'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
  ],
])('container %s', (container, fault) => {
  const [first] = faultsOf(pod(volumes, container));
  expect(first?.slice(0, fault.length)).toBe(fault);
});

test.each([
  [
    'hostNetwork: true, initContainers: [{name: d, image: i}], hostPID: true, shareProcessNamespace: true',
    'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
  ],
  ['hostUsers: false, hostPID: true', 'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false'],
  ['os: {name: plan9}', 'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'],
  [
    'os: {name: windows}, securityContext: {runAsUser: 1}',
    'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
  ],
  [
    'os: {name: linux}, securityContext: {windowsOptions: {runAsUserName: x}}',
    'spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
  ],
  ['overhead: {cpu: "-1"}', 'spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  [
    'topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]',
    'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, DoNotSchedule}"',
  ],
  [
    'topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [a], labelSelector: {matchLabels: {a: b}}}]',
    'spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector',
  ],
  [
    'affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, matchLabelKeys: [a]}]}}',
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
  ],
  [
    'affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: ["a b"]}]}]}}}',
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid value: "a b": a valid label must be',
  ],
  [
    'volumes: [{name: v, hostPath: {path: /x}, emptyDir: {}}]',
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'volumes: [{name: v, hostPath: {path: /x, type: Door}}]',
    'spec.volumes[0].hostPath.type: Unsupported value: "Door": supported values: "", "BlockDevice"',
  ],
  [
    'volumes: [{name: v, projected: {sources: [{secret: {name: s}, configMap: {name: c}}]}}]',
    'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
  ],
  [
    'volumes: [{name: v, projected: {sources: [{secret: {name: s, items: [{key: a, path: x}]}}, {configMap: {name: c, items: [{key: a, path: x}]}}]}}]',
    'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths',
  ],
  [
    'volumes: [{name: v, ephemeral: {volumeClaimTemplate: {metadata: {name: x}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]',
    'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
  ],
  [
    'volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}, {name: w, persistentVolumeClaim: {claimName: a-v}}]',
    'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "a-v": must not reference a PVC that gets created for an ephemeral volume',
  ],
  [
    'volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}]}}]',
    'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
  ],
])('pod %s', (spec, fault) => {
  const [first] = faultsOf(pod(spec));
  expect(first?.slice(0, fault.length)).toBe(fault);
});

test.each([
  [
    'controller.kubernetes.io/pod-deletion-cost: "+1"',
    '[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
  ],
  [
    'kubernetes.io/config.mirror: x',
    '[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
  ],
  [
    'container.apparmor.security.beta.kubernetes.io/x: unconfined',
    '[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "x": container not found',
  ],
  [
    'container.apparmor.security.beta.kubernetes.io/c: maybe',
    '[container.apparmor.security.beta.kubernetes.io/c]: Invalid value: "maybe": invalid AppArmor profile name: "maybe"',
  ],
  [
    'seccomp.security.alpha.kubernetes.io/pod: maybe',
    '.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "maybe": must be a valid seccomp profile',
  ],
])('annotation %s', (annotation, fault) => {
  expect(faultsOf(pod('', '', `annotations: {${annotation}}`))).toEqual([`metadata.annotations${fault}`]);
});

test('profiles in annotations and in fields are the same', () => {
  const profile = 'container.apparmor.security.beta.kubernetes.io/c';
  const of = (annotation: string): string[] =>
    faultsOf(
      pod('', 'securityContext: {appArmorProfile: {type: RuntimeDefault}}', `annotations: {${profile}: ${annotation}}`),
    );
  expect(of('runtime/default')).toEqual([]);
  expect(of('unconfined')).toEqual([
    'spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
  ]);
});

test('ports in the network of the host', () => {
  const ports = (text: string): string[] => faultsOf(pod('hostNetwork: true', `ports: [${text}]`));
  expect(ports('{containerPort: 80}')).toEqual([]);
  expect(ports('{containerPort: 80, hostPort: 81}')).toEqual([
    'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
  ]);
});

test.each([
  'initContainers: [{name: x, image: i, ports: [{containerPort: 1, hostPort: 8}]}, {name: z, image: i, ports: [{containerPort: 1, hostPort: 8}]}]',
  'topologySpreadConstraints: [{maxSkew: 1, topologyKey: "a b", whenUnsatisfiable: ScheduleAnyway}]',
  'volumes: [{name: v, projected: {sources: [{}]}}]',
  'volumes: [{name: v, projected: {}}]',
  'tolerations: [{operator: Exists}]',
  'resourceClaims: [{name: x, resourceClaimName: z}]',
])('taken: %s', (spec) => {
  expect(faultsOf(pod(spec))).toEqual([]);
});
