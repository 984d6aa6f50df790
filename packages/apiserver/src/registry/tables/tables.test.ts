import type { JsonObject } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import type { Column } from '../contract.ts';
import { columnsOf, defaultColumns } from './index.ts';
import { scaleColumns } from './workloads.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const created = { creationTimestamp: '2026-01-01T11:55:00Z' };

/** Cells by column, of the columns that are always shown or of all. */
function row(of: string, object: JsonObject, wide = false): Record<string, unknown> {
  const [group = '', resource = ''] = of.split('/');
  const columns: readonly Column[] = columnsOf({ group, resource });
  return Object.fromEntries(
    columns
      .filter((column) => wide || column.priority === 0)
      .map((column) => [column.name, column.cell(object, nowMs)]),
  );
}

const pod = (spec: JsonObject, status: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p', ...created, ...metadata },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
  status,
});
const running = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  ready: true,
  restartCount: 0,
  state: { running: {} },
  ...more,
});
const waiting = (name: string, reason: string): JsonObject => ({
  name,
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
});
const ended = (name: string, terminated: JsonObject): JsonObject => ({
  name,
  ready: false,
  restartCount: 0,
  state: { terminated },
});

describe('pods', () => {
  test.each<[string, JsonObject, object]>([
    ['new', pod({}, { phase: 'Pending' }), { Ready: '0/2', Status: 'Pending', Restarts: '0', Age: '5m' }],
    [
      'running',
      pod({}, { phase: 'Running', containerStatuses: [running('a'), running('b')] }),
      { Ready: '2/2', Status: 'Running' },
    ],
    [
      'restarted',
      pod(
        {},
        {
          phase: 'Running',
          containerStatuses: [
            running('a', { restartCount: 3, lastState: { terminated: { finishedAt: '2026-01-01T11:58:30Z' } } }),
            running('b', { restartCount: 1, lastState: { terminated: { finishedAt: '2026-01-01T11:50:00Z' } } }),
          ],
        },
      ),
      { Restarts: '4 (90s ago)' },
    ],
    [
      'crashing',
      pod({}, { phase: 'Running', containerStatuses: [waiting('a', 'CrashLoopBackOff'), running('b')] }),
      { Ready: '1/2', Status: 'CrashLoopBackOff' },
    ],
    [
      'failed without a word',
      pod(
        {},
        { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 3 }), ended('b', { exitCode: 0, signal: 9 })] },
      ),
      { Status: 'ExitCode:3' },
    ],
    [
      'half done',
      pod(
        {},
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' }), running('b')],
        },
      ),
      { Ready: '1/2', Status: 'NotReady' },
    ],
    [
      'initialising',
      pod(
        { initContainers: [{ name: 'i' }, { name: 'j' }] },
        { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 0 }), running('j', { ready: false })] },
      ),
      { Status: 'Init:1/2', Ready: '0/2' },
    ],
    [
      'failed to initialise',
      pod(
        { initContainers: [{ name: 'i' }] },
        { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 1, reason: 'Error' })] },
      ),
      { Status: 'Init:Error' },
    ],
    [
      'with a sidecar',
      pod(
        { initContainers: [{ name: 'i', restartPolicy: 'Always' }] },
        {
          phase: 'Running',
          initContainerStatuses: [running('i', { started: true })],
          containerStatuses: [running('a'), running('b')],
        },
      ),
      { Ready: '3/3', Status: 'Running' },
    ],
    [
      'gated',
      pod({}, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
      { Status: 'SchedulingGated' },
    ],
    ['evicted', pod({}, { phase: 'Failed', reason: 'Evicted' }), { Status: 'Evicted' }],
    [
      'going',
      pod({}, { phase: 'Running', containerStatuses: [running('a')] }, { deletionTimestamp: '2026-01-01T12:00:00Z' }),
      { Status: 'Terminating' },
    ],
    [
      'on a lost node',
      pod({}, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: '2026-01-01T12:00:00Z' }),
      { Status: 'Unknown' },
    ],
  ])('%s', (_, object, expected) => {
    expect(row('/pods', object)).toMatchObject({ Name: 'p', ...expected });
  });

  test('wide', () => {
    const object = pod(
      { nodeName: 'n1', readinessGates: [{ conditionType: 'x' }, { conditionType: 'y' }] },
      { phase: 'Running', podIPs: [{ ip: '10.1.1.1' }], conditions: [{ type: 'x', status: 'True' }] },
    );
    expect(row('/pods', object, true)).toMatchObject({
      IP: '10.1.1.1',
      Node: 'n1',
      'Nominated Node': '<none>',
      'Readiness Gates': '1/2',
    });
    expect(Object.keys(row('/pods', object))).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
  });
});

describe('other kinds', () => {
  const template = {
    spec: {
      containers: [
        { name: 'a', image: 'i:1' },
        { name: 'b', image: 'j:2' },
      ],
    },
  };
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }],
  };

  test.each<[string, JsonObject, object, boolean]>([
    [
      'apps/deployments',
      { spec: { replicas: 3, selector, template }, status: { readyReplicas: 1, updatedReplicas: 2 } },
      {
        Ready: '1/3',
        'Up-to-date': 2,
        Available: 0,
        Containers: 'a,b',
        Images: 'i:1,j:2',
        Selector: 'a in (x,y),app=web',
      },
      true,
    ],
    ['apps/statefulsets', { spec: { replicas: 2 }, status: {} }, { Ready: '0/2' }, false],
    [
      'apps/daemonsets',
      { spec: { template: { spec: { nodeSelector: { b: '2', a: '1' } } } }, status: { desiredNumberScheduled: 2 } },
      { Desired: 2, Current: 0, 'Node Selector': 'a=1,b=2' },
      false,
    ],
    [
      'batch/jobs',
      { spec: { completions: 3 }, status: { succeeded: 1, startTime: '2026-01-01T11:59:00Z' } },
      { Status: 'Running', Completions: '1/3', Duration: '60s' },
      false,
    ],
    [
      'batch/jobs',
      {
        spec: { parallelism: 2 },
        status: {
          conditions: [{ type: 'Complete', status: 'True' }],
          startTime: '2026-01-01T11:59:00Z',
          completionTime: '2026-01-01T11:59:07Z',
        },
      },
      { Status: 'Complete', Completions: '0/1 of 2', Duration: '7s' },
      false,
    ],
    [
      'batch/cronjobs',
      { spec: { schedule: '* * * * *', suspend: false }, status: { active: [{}] } },
      { Schedule: '* * * * *', Timezone: '<none>', Suspend: 'False', Active: 1, 'Last Schedule': '<none>' },
      false,
    ],
    [
      '/services',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.96.0.1'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { app: 'web' },
        },
      },
      {
        Type: 'NodePort',
        'Cluster-IP': '10.96.0.1',
        'External-IP': '<none>',
        'Port(s)': '80:30080/TCP,53/UDP',
        Selector: 'app=web',
      },
      true,
    ],
    [
      '/services',
      { spec: { type: 'ExternalName', externalName: 'x.y' } },
      { 'Cluster-IP': '<none>', 'External-IP': 'x.y', 'Port(s)': '<none>' },
      false,
    ],
    ['/services', { spec: { type: 'LoadBalancer' } }, { 'External-IP': '<pending>' }, false],
    [
      '/endpoints',
      { subsets: [{ addresses: [{ ip: '1.1.1.1' }, { ip: '2.2.2.2' }], ports: [{ port: 80 }, { port: 81 }] }] },
      { Endpoints: '1.1.1.1:80,2.2.2.2:80,1.1.1.1:81 + 1 more...' },
      false,
    ],
    ['/endpoints', {}, { Endpoints: '<none>' }, false],
    [
      '/nodes',
      {
        metadata: { name: 'n', labels: { 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'x' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: { kubeletVersion: 'v1', osImage: 'Debian' },
        },
      },
      {
        Status: 'Ready,SchedulingDisabled',
        Roles: 'control-plane,x',
        Version: 'v1',
        'Internal-IP': '10.0.0.1',
        'External-IP': '<none>',
        'OS-Image': 'Debian',
        'Kernel-Version': '<unknown>',
      },
      true,
    ],
    ['/nodes', { status: {} }, { Status: 'Unknown', Roles: '<none>' }, false],
    ['/configmaps', { data: { a: '1' }, binaryData: { b: '' } }, { Data: 2 }, false],
    ['/secrets', { type: 'Opaque', data: { a: '' } }, { Type: 'Opaque', Data: 1 }, false],
    [
      '/resourcequotas',
      { status: { hard: { pods: '5', 'limits.cpu': '2' }, used: { pods: '1' } } },
      { Request: 'pods: 1/5', Limit: 'limits.cpu: 0/2' },
      false,
    ],
    [
      '/persistentvolumeclaims',
      {
        spec: { volumeName: 'v', storageClassName: 's' },
        status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
      },
      { Status: 'Bound', Volume: 'v', Capacity: '1Gi', 'Access Modes': 'RWO,ROX', StorageClass: 's' },
      false,
    ],
    [
      '/events',
      {
        type: 'Warning',
        reason: 'Failed',
        message: ' oh no\n',
        involvedObject: { kind: 'Pod', name: 'p' },
        firstTimestamp: '2026-01-01T11:00:00Z',
        lastTimestamp: '2026-01-01T11:59:00Z',
        count: 4,
        source: { component: 'kubelet', host: 'n' },
      },
      { 'Last Seen': '60s', Object: 'pod/p', Message: 'oh no', 'First Seen': '60m', Count: 4, Source: 'kubelet, n' },
      true,
    ],
    [
      'policy/poddisruptionbudgets',
      { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 1 } },
      { 'Min Available': '50%', 'Max Unavailable': 'N/A', 'Allowed Disruptions': 1 },
      false,
    ],
    [
      'autoscaling/horizontalpodautoscalers',
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          maxReplicas: 5,
          metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
        },
        status: { currentReplicas: 2 },
      },
      { Reference: 'Deployment/web', Targets: 'cpu: <unknown>/80%', MinPods: '<unset>', MaxPods: 5, Replicas: 2 },
      false,
    ],
    [
      'networking.k8s.io/ingresses',
      { spec: { rules: [{ host: 'a' }, { host: 'b' }, { host: 'c' }, { host: 'd' }], tls: [{}] } },
      { Class: '<none>', Hosts: 'a,b,c + 1 more...', Address: '', Ports: '80, 443' },
      false,
    ],
    [
      'certificates.k8s.io/certificatesigningrequests',
      {
        spec: { signerName: 's', username: 'u', expirationSeconds: 3600 },
        status: { conditions: [{ type: 'Approved' }], certificate: 'x' },
      },
      { SignerName: 's', Requestor: 'u', RequestedDuration: '60m', Condition: 'Approved,Issued' },
      false,
    ],
    [
      'rbac.authorization.k8s.io/rolebindings',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        ],
      },
      { Role: 'Role/r', Users: 'u', ServiceAccounts: 'n/s' },
      true,
    ],
  ])('%s', (of, object, expected, wide) => {
    expect(row(of, object, wide)).toMatchObject(expected);
  });

  test('a scale shows what is wanted and what is there', () => {
    const scale = { metadata: { name: 'web' }, spec: { replicas: 3 }, status: { replicas: 2 } };
    expect(scaleColumns.map(({ name, cell }) => [name, cell(scale, 0)])).toEqual([
      ['Name', 'web'],
      ['Desired', 3],
      ['Available', 2],
      ['Age', '<unknown>'],
    ]);
  });

  test('a limit range shows when it was made', () => {
    expect(row('/limitranges', { metadata: { name: 'l', ...created } })).toEqual({
      Name: 'l',
      'Created At': created.creationTimestamp,
    });
  });

  test('a kind of which nobody said more shows name and age', () => {
    expect(columnsOf({ group: 'x.io', resource: 'things' })).toBe(defaultColumns);
    expect(row('x.io/things', { metadata: { name: 't', ...created } })).toEqual({ Name: 't', Age: '5m' });
    expect(row('x.io/things', { metadata: { name: 't' } }).Age).toBe('<unknown>');
  });
});
