/** What core/v1 kinds other than pods may be, and how they may change: one line a rule. */
import { describe, expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const of =
  (kind: string) =>
  (body: string, metadata = ''): string =>
    `{apiVersion: v1, kind: ${kind}, metadata: {name: a${metadata === '' ? '' : `, ${metadata}`}}, ${body}}`;

type Row = readonly [now: string, before: string, ...faults: string[]];

const checkChanges = (make: (body: string) => string, rows: readonly Row[], subresource = ''): void => {
  test.each(rows.map(([now, before, ...faults]) => ({ now, before, faults })))('$before -> $now', (row) => {
    expect(faultsOfChange(make(row.now), make(row.before), subresource)).toEqual(row.faults);
  });
};

describe('addresses of a Service', () => {
  const service = of('Service');
  const spec = (more: string): string => `spec: {ports: [{port: 80}], ${more}}`;
  test.each([
    [
      'clusterIPs: [10.0.0.1]',
      'spec.clusterIPs: Invalid value: []string{"10.0.0.1"}: must be empty when `clusterIP` is not specified',
    ],
    ['clusterIP: 10.0.0.1', 'spec.clusterIPs: Required value'],
    [
      'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]',
      'spec.clusterIPs: Invalid value: []string{"10.0.0.2"}: first value must match `clusterIP`',
    ],
    [
      'clusterIP: None, clusterIPs: [None, 10.0.0.1]',
      'spec.clusterIPs: Invalid value: []string{"None", "10.0.0.1"}: \'None\' must be the first and only value',
    ],
    [
      'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 10.0.0.2]',
      'spec.clusterIPs: Invalid value: []string{"10.0.0.1", "10.0.0.2"}: may specify no more than one IP for each IP family',
    ],
    [
      'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ipFamilies: [IPv6]',
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ],
    [
      'type: ExternalName, externalName: x.example, ipFamilies: [IPv4]',
      'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
    ],
    [
      'type: LoadBalancer, loadBalancerSourceRanges: [" 10.0.0.0/8", x]',
      'spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  ])('%s', (more, fault) => {
    expect(faultsOf(service(spec(more)))).toEqual([fault]);
  });

  const ips = (...list: string[]): string => spec(`clusterIP: "${list[0]}", clusterIPs: ["${list.join('", "')}"]`);
  checkChanges(service, [
    [ips('10.0.0.1'), ips('10.0.0.1')],
    [ips('10.0.0.1', 'fd00::1'), ips('10.0.0.1')],
    [
      ips('10.0.0.2'),
      ips('10.0.0.1'),
      'spec.clusterIPs[0]: Invalid value: []string{"10.0.0.2"}: may not change once set',
    ],
    [ips('None'), ips('10.0.0.1'), 'spec.clusterIPs[0]: Invalid value: []string{"None"}: may not change once set'],
    [
      spec('type: ClusterIP'),
      ips('10.0.0.1'),
      'spec.clusterIPs[0]: Invalid value: []string(nil): primary clusterIP can not be unset',
    ],
    [
      ips('10.0.0.1'),
      ips('10.0.0.1', 'fd00::1'),
      'spec.ipFamilyPolicy: Invalid value: "null": must be set to \'SingleStack\' when releasing the secondary clusterIP',
    ],
    ['spec: {type: ExternalName, externalName: x.example}', ips('10.0.0.1')],
    [ips('10.0.0.1'), 'spec: {type: ExternalName, externalName: x.example}'],
    [
      spec('type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001'),
      spec('type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30000'),
      'spec.healthCheckNodePort: Forbidden: field is immutable',
    ],
  ]);
});

describe('the status of a Service', () => {
  const ingress = (type: string, entry: string): string =>
    `spec: {type: ${type}, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [${entry}]}}`;
  const before = ingress('LoadBalancer', '');
  checkChanges(
    of('Service'),
    [
      [ingress('LoadBalancer', '{ip: 10.0.0.1}'), before],
      [ingress('LoadBalancer', '{hostname: lb.example}'), before],
      [
        ingress('ClusterIP', '{ip: 10.0.0.1}'),
        before,
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
      ],
      [
        ingress('LoadBalancer', '{hostname: 10.0.0.1}'),
        before,
        'status.loadBalancer.ingress[0].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
      ],
      [
        ingress('LoadBalancer', '{hostname: lb.example, ipMode: VIP}'),
        before,
        'status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set',
      ],
    ],
    'status',
  );
});

describe('nodes and namespaces', () => {
  const node = of('Node');
  test('a node has any resources, in whole pods', () => {
    expect(faultsOf(node('status: {capacity: {attachable-volumes-x: "3", pods: "110"}}'))).toEqual([]);
    expect(faultsOf(node('status: {capacity: {pods: 500m}}'))).toEqual([
      'status.capacity.pods: Invalid value: "500m": must be an integer',
      'status.allocatable.pods: Invalid value: "500m": must be an integer',
    ]);
  });
  checkChanges(node, [
    ['spec: {unschedulable: true}', 'spec: {}'],
    ['spec: {podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24]}', 'spec: {}'],
    [
      'spec: {providerID: b}',
      'spec: {providerID: a}',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ],
  ]);
  const addresses = (list: string): string => `status: {addresses: [${list}]}`;
  checkChanges(
    node,
    [
      [
        addresses('{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: 10.0.0.1}'),
        addresses(''),
        'status.addresses[1]: Duplicate value: core.NodeAddress{Type:"InternalIP", Address:"10.0.0.1"}',
      ],
    ],
    'status',
  );
  const namespace = of('Namespace');
  checkChanges(
    namespace,
    [
      ['status: {phase: Active}', 'status: {phase: Active}'],
      [
        'status: {phase: Terminating}',
        'status: {phase: Active}',
        'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
      ],
    ],
    'status',
  );
  checkChanges(
    namespace,
    [
      [
        'spec: {finalizers: [mine]}',
        'spec: {}',
        'spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    'finalize',
  );
});

describe('volumes and claims', () => {
  const claim = of('PersistentVolumeClaim');
  const spec = (size: string, more = ''): string =>
    `spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: ${size}}}${more === '' ? '' : `, ${more}`}}`;
  test.each([
    ['dataSource: {kind: PersistentVolumeClaim, name: x}'],
    [
      'dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: x}, dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: x}',
    ],
    [
      'dataSource: {kind: Pod, name: x}',
      'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
    ],
    [
      'dataSource: {kind: PersistentVolumeClaim, name: x}, dataSourceRef: {kind: PersistentVolumeClaim, name: z}',
      'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
    ],
    [
      'dataSource: {kind: PersistentVolumeClaim, name: x}, dataSourceRef: {kind: PersistentVolumeClaim, name: x, namespace: other}',
      'spec: Invalid value: "spec.dataSource": may not be specified when dataSourceRef.namespace is specified',
    ],
  ])('claim %s', (more, ...faults) => {
    expect(faultsOf(claim(spec('1Gi', more)))).toEqual(faults);
  });
  const bound = (size: string, capacity: string): string =>
    `${spec(size)}, status: {phase: Bound, capacity: {storage: ${capacity}}}`;
  const immutable =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';
  checkChanges(claim, [
    [bound('2Gi', '1Gi'), bound('1Gi', '1Gi')],
    [bound('2Gi', '1Gi'), bound('3Gi', '1Gi')],
    [
      bound('1Gi', '1Gi'),
      bound('3Gi', '1Gi'),
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ],
    [spec('2Gi'), spec('1Gi'), immutable],
    [spec('1Gi', 'storageClassName: x'), spec('1Gi')],
    [spec('1Gi', 'storageClassName: x'), spec('1Gi', 'storageClassName: z'), immutable],
    [spec('1Gi', 'volumeName: x'), spec('1Gi')],
  ]);
  checkChanges(
    claim,
    [
      [`${spec('1Gi')}, status: {allocatedResources: {storage: 1Gi}}`, spec('1Gi')],
      [
        `${spec('1Gi')}, status: {allocatedResources: {cpu: "1"}}`,
        spec('1Gi'),
        'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
      ],
    ],
    'status',
  );
  const volume = of('PersistentVolume');
  const source = (more: string): string => `spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], ${more}}`;
  const csi = (more: string): string => source(`csi: {driver: d.example, volumeHandle: h${more}}`);
  const expand = ', controllerExpandSecretRef: {name: s, namespace: default}';
  test('secrets of a driver have a name and a namespace', () => {
    expect(faultsOf(volume(csi(', nodePublishSecretRef: {name: s}')))).toEqual([
      'spec.csi.nodePublishSecretRef.namespace: Required value',
    ]);
  });
  test('of several sources the first counts', () => {
    expect(faultsOf(volume(source('local: {path: /x}, hostPath: {path: /x/..}')))).toEqual([
      'spec.hostPath.path: Invalid value: "/x/..": must not contain \'..\'',
      'spec.local: Forbidden: may not specify more than 1 volume type',
    ]);
    expect(faultsOf(volume(source('local: {path: /x}')))).toEqual([
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
  });
  const zone = (key: string): string =>
    source(
      `hostPath: {path: /x}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: ${key}, operator: In, values: [z1]}]}]}}`,
    );
  checkChanges(volume, [
    [csi(expand), csi('')],
    [
      csi(''),
      csi(expand),
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n',
    ],
    [zone('topology.kubernetes.io/zone'), zone('failure-domain.beta.kubernetes.io/zone')],
  ]);
  test('the nodes of a volume stay', () => {
    const [fault] = faultsOfChange(volume(zone('b')), volume(zone('a')));
    expect(fault).toMatch(
      /^nodeAffinity: Invalid value: .*: field is immutable, except for updating from beta label to GA$/,
    );
  });
});

test('the rest', () => {
  expect(faultsOf(of('ConfigMap')('data: {}', 'finalizers: [mine]'))).toEqual([
    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ]);
  expect(faultsOf(of('ConfigMap')('data: {}', 'finalizers: [example.com/mine, foregroundDeletion]'))).toEqual([]);
  const docker = (text: string): string[] =>
    faultsOf(
      of('Secret')(
        `type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: "${Buffer.from(text).toString('base64')}"}`,
      ),
    );
  expect(docker('{}')).toEqual([]);
  for (const [text, why] of [
    ['bad', "invalid character 'b' looking for beginning of value"],
    ['', 'unexpected end of JSON input'],
    ['9'.repeat(30), 'json: cannot unmarshal number into Go value of type map[string]interface {}'],
  ] as const)
    expect(docker(text)).toEqual([`data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": ${why}`]);
  expect(docker('[]')).toEqual([
    'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
  ]);
  expect(
    faultsOf(of('Endpoints')('subsets: [{addresses: [{ip: 10.0.0.1, hostname: a.b, nodeName: N1}]}]')).map((one) =>
      one.slice(0, 60),
    ),
  ).toEqual([
    'subsets[0].addresses[0].hostname: Invalid value: "a.b": must',
    'subsets[0].addresses[0].nodeName: Invalid value: "N1": a low',
  ]);
  const controller = of('ReplicationController');
  const status = (text: string): string =>
    controller(
      `spec: {selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}, status: {${text}}`,
    );
  expect(faultsOfChange(status('replicas: 1, readyReplicas: 2'), status('replicas: 1'), 'status')).toEqual([
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
  ]);
});
