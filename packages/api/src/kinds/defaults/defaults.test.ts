import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseYaml } from '../../json/yaml.ts';
import { type JsonObject, parseApiVersion } from '../../object.ts';
import { decode } from '../../schema/decode.ts';
import { findBuiltinKind } from '../builtin.ts';
import { applyDefaults } from './apply.ts';
import { tagOf } from './pods.ts';

/** Reads one YAML document and defaults it. */
function defaulted(text: string): JsonObject {
  const value = parseYaml(text)[0]?.value as JsonObject;
  return applied(value);
}

function applied(value: JsonObject): JsonObject {
  const { group = '', version = '' } = parseApiVersion(String(value.apiVersion)) ?? {};
  const definition = findBuiltinKind({ group, version, kind: String(value.kind) });
  if (definition === undefined) throw new Error(`unknown kind ${value.kind}`);
  const decoded = decode(definition.schema(), value);
  expect(decoded.faults).toEqual([]);
  expect(decoded.unknown).toEqual([]);
  return applyDefaults(definition, decoded.value as JsonObject);
}

test('a bare pod becomes what v1.32 makes of it', () => {
  expect(
    defaulted(`
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: web
      image: nginx
      ports: [{containerPort: 80}]
      resources: {limits: {cpu: "1", memory: 1Gi}, requests: {cpu: 0.0005}}
      livenessProbe: {httpGet: {port: 80}}
      readinessProbe: {grpc: {port: 90}}
      env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  volumes: [{name: v}, {name: h, hostPath: {path: /x}}, {name: c, configMap: {name: c}}]
`),
  ).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx',
          imagePullPolicy: 'Always',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1m', memory: '1Gi' } },
          livenessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          readinessProbe: {
            grpc: { port: 90, service: '' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } } }],
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'h', hostPath: { path: '/x', type: '' } },
        { name: 'c', configMap: { name: 'c', defaultMode: 420 } },
      ],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
    },
    status: {},
  });
});

test('ports of a pod on the host network are host ports; in a template they are not', () => {
  const spec = '{hostNetwork: true, containers: [{name: a, image: "a:1", ports: [{containerPort: 80}]}]}';
  const pod = defaulted(`{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: ${spec}}`);
  expect(JSON.stringify(pod.spec)).toContain('"hostPort":80');
  const set = defaulted(
    `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, spec: {template: {spec: ${spec}}}}`,
  );
  expect(JSON.stringify(set.spec)).not.toContain('hostPort');
  expect(set.spec).toMatchObject({ replicas: 1, template: { spec: { restartPolicy: 'Always' } } });
  expect(JSON.stringify(set.spec)).not.toContain('enableServiceLinks');
});

test.each([
  ['nginx', 'latest'],
  ['nginx:latest', 'latest'],
  ['nginx:1', '1'],
  ['localhost:5000/nginx', 'latest'],
  ['localhost:5000/nginx:1', '1'],
  ['nginx@sha256:abc', ''],
  ['nginx:latest@sha256:abc', 'latest'],
  ['', ''],
])('the tag of %j is %j', (image, tag) => {
  expect(tagOf(image)).toBe(tag);
});

const template = 'template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: "a:1"}]}}';

test('workloads', () => {
  expect(
    defaulted(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {${template}}}`).spec,
  ).toMatchObject({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: { spec: { containers: [{ imagePullPolicy: 'IfNotPresent' }] } },
  });
  expect(
    defaulted(
      `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 0, strategy: {type: Recreate}, ${template}}}`,
    ).spec,
  ).toMatchObject({ replicas: 0, strategy: { type: 'Recreate' } });
  expect(
    defaulted(`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {${template}}}`).spec,
  ).toMatchObject({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  });
  expect(
    defaulted(
      `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {${template}, volumeClaimTemplates: [{metadata: {name: d}, spec: {}}]}}`,
    ).spec,
  ).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      { kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
    ],
  });
});

test('jobs: completions and parallelism together, labels from the template', () => {
  const job = (spec: string): JsonObject =>
    defaulted(`{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {${spec}${template}}}`);
  expect(job('')).toMatchObject({
    metadata: { labels: { a: 'b' } },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    },
  });
  expect(job('parallelism: 3, ').spec).not.toHaveProperty('completions');
  expect(job('completions: 3, backoffLimitPerIndex: 1, ').spec).toMatchObject({
    completions: 3,
    parallelism: 1,
    backoffLimit: 2147483647,
  });
  const cron = defaulted(
    `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "* * * * *", jobTemplate: {spec: {${template}}}}}`,
  );
  expect(cron.spec).toMatchObject({ concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3 });
  expect(JSON.stringify(cron.spec)).not.toContain('backoffLimit');
});

test('services', () => {
  const service = (spec: string): unknown =>
    defaulted(`{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {${spec}}}`).spec;
  expect(service('ports: [{port: 80}, {port: 81, targetPort: http}]')).toEqual({
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ports: [
      { port: 80, protocol: 'TCP', targetPort: 80 },
      { port: 81, protocol: 'TCP', targetPort: 'http' },
    ],
  });
  expect(service('type: LoadBalancer, sessionAffinity: ClientIP')).toMatchObject({
    allocateLoadBalancerNodePorts: true,
    externalTrafficPolicy: 'Cluster',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
  });
  expect(service('type: ExternalName, externalName: a.b')).not.toHaveProperty('internalTrafficPolicy');
});

test('the rest', () => {
  expect(defaulted('{apiVersion: v1, kind: Namespace, metadata: {name: a}}')).toMatchObject({
    metadata: { labels: { 'kubernetes.io/metadata.name': 'a' } },
    status: { phase: 'Active' },
  });
  expect(
    defaulted(
      '{apiVersion: v1, kind: LimitRange, metadata: {name: a}, spec: {limits: [{type: Container, max: {cpu: "2"}, min: {memory: 1Mi}}]}}',
    ).spec,
  ).toEqual({
    limits: [
      {
        type: 'Container',
        max: { cpu: '2' },
        min: { memory: '1Mi' },
        default: { cpu: '2' },
        defaultRequest: { cpu: '2', memory: '1Mi' },
      },
    ],
  });
  expect(
    defaulted(
      '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, egress: [{}]}}',
    ).spec,
  ).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
  expect(
    defaulted(
      '{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {scaleTargetRef: {kind: D, name: d}, maxReplicas: 3, behavior: {scaleDown: {selectPolicy: Min}}}}',
    ).spec,
  ).toMatchObject({
    minReplicas: 1,
    metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0 },
      scaleDown: { selectPolicy: 'Min', policies: [{ value: 100 }] },
    },
  });
  expect(
    defaulted(
      '{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: u}, {kind: ServiceAccount, name: s}]}',
    ),
  ).toMatchObject({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount', name: 's' }],
  });
});

test('a zero that Go cannot tell from nothing is defaulted too', () => {
  const spec = (kind: string, text: string): unknown =>
    defaulted(`{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: ${kind}, metadata: {name: a}, spec: ${text}}`).spec;
  expect(spec('FlowSchema', '{matchingPrecedence: 0}')).toEqual({ matchingPrecedence: 1000 });
  expect(
    spec(
      'PriorityLevelConfiguration',
      '{limited: {limitResponse: {queuing: {queues: 0, handSize: 0, queueLengthLimit: 0}}, nominalConcurrencyShares: 0}}',
    ),
  ).toMatchObject({
    limited: {
      limitResponse: { queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
      nominalConcurrencyShares: 0,
    },
  });
});

test('a conversion without a strategy is left to be refused', () => {
  const text = '{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: SPEC}';
  expect(defaulted(text.replace('SPEC', '{conversion: {}}')).spec).toMatchObject({ conversion: {} });
  expect(defaulted(text.replace('SPEC', '{conversion: {}}')).spec).not.toHaveProperty('conversion.strategy');
  expect(defaulted(text.replace('SPEC', '{}')).spec).toMatchObject({ conversion: { strategy: 'None' } });
});

test('defaulting twice changes nothing more', () => {
  const text = readFileSync(new URL('../../schema/manifests.yaml', import.meta.url), 'utf8');
  for (const { value } of parseYaml(text)) {
    const once = applied(value as JsonObject);
    expect(applied(structuredClone(once))).toEqual(once);
  }
});
