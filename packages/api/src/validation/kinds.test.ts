import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtinDefinitions } from '../kinds/builtin.ts';
import { applyDefaults } from '../kinds/defaults/apply.ts';
import type { Json, JsonObject } from '../object.ts';
import { decode } from '../schema/decode.ts';
import type { Schema } from '../schema/schema.ts';
import { usualManifests, writtenManifests } from '../testing/manifests.ts';
import { kindRules } from './kinds.ts';
import { faultsOf, faultsOfChange, objectText as object, prepared } from './testing.ts';
import { validate, validateUpdate } from './validate.ts';

test.each([...writtenManifests(), ...usualManifests()].map((one) => [one.kind, one] as const))(
  'a real-looking %s is valid, and its own update',
  (_kind, manifest) => {
    const { definition, object } = prepared(structuredClone(manifest));
    expect(validate(definition, object)).toEqual([]);
    expect(validateUpdate(definition, object, structuredClone(object))).toEqual([]);
    expect(validateUpdate(definition, object, structuredClone(object), 'status')).toEqual([]);
  },
);

test('every rule is about a kind that exists', () => {
  const known = new Set(
    builtinDefinitions().flatMap(({ group, kind, version }) => [`${group}/${kind}`, `${group}/${kind}/${version}`]),
  );
  for (const id of kindRules.keys()) expect(known.has(id), id).toBe(true);
});

/** Any value a schema allows: most fields absent, and texts and numbers of all sorts. */
function anyOf(schema: Schema, depth: number): fc.Arbitrary<Json> {
  const text = fc.constantFrom(
    '',
    'a',
    'A_',
    'Always',
    'RollingUpdate',
    'In',
    '10.0.0.1',
    '25%',
    '*',
    '../x',
    '1Gi',
    '__proto__',
  );
  switch (schema.type) {
    case 'object': {
      const names = depth > 7 ? [] : Object.keys(schema.properties);
      return fc
        .subarray(names, { maxLength: Math.min(names.length, 4) })
        .chain((chosen) =>
          fc.record(
            Object.fromEntries(
              chosen.map((name) => [name, anyOf(schema.properties[name] ?? { type: 'any' }, depth + 1)]),
            ),
          ),
        ) as fc.Arbitrary<Json>;
    }
    case 'map':
      return fc.dictionary(text, anyOf(schema.values, depth + 1), { maxKeys: 2 }) as fc.Arbitrary<Json>;
    case 'array':
      return fc.array(anyOf(schema.items, depth + 1), { maxLength: 2 }) as fc.Arbitrary<Json>;
    case 'string':
      if (schema.format === 'quantity') return fc.constantFrom('1', '0', '-1', '500m', '1Gi');
      if (schema.format === 'byte') return fc.constantFrom('', 'YQ==');
      if (schema.format !== undefined) return fc.constant('2024-01-01T00:00:00Z');
      return schema.enum === undefined ? text : fc.oneof(text, fc.constantFrom(...schema.enum));
    case 'integer':
    case 'number':
      return fc.constantFrom(-1, 0, 1, 80, 70_000, 2147483647);
    case 'boolean':
      return fc.boolean();
    case 'int-or-string':
      return fc.constantFrom(0, 1, 70_000, '25%', '0%', '101%', 'http', '');
    case 'any':
      return fc.jsonValue() as fc.Arbitrary<Json>;
  }
}

test.each(builtinDefinitions().map((one) => [`${one.kind} ${one.group}/${one.version}`, one] as const))(
  'whatever decodes as a %s can be defaulted and validated',
  (_name, definition) => {
    const schema = definition.schema();
    const decoded = (value: Json): JsonObject =>
      applyDefaults(definition, decode(schema, structuredClone(value)).value as JsonObject);
    fc.assert(
      fc.property(anyOf(schema, 0), anyOf(schema, 0), (one, other) => {
        const next = decoded(one);
        const previous = decoded(other);
        expect(Array.isArray(validate(definition, next))).toBe(true);
        for (const subresource of ['', 'status', 'ephemeralcontainers']) {
          expect(Array.isArray(validateUpdate(definition, next, previous, subresource))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  },
);

const template = 'template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: "a:1"}]}}';
const selected = `selector: {matchLabels: {a: b}}, ${template}`;
const deployment = (spec: string): string => object('apps/v1', 'Deployment', `spec: {${spec}}`);
const service = (spec: string): string => object('v1', 'Service', `spec: {${spec}}`);

test('metadata', () => {
  const named = (metadata: string): string[] => faultsOf(`{apiVersion: v1, kind: ConfigMap, metadata: {${metadata}}}`);
  expect(named('')).toEqual(['metadata.name: Required value: name or generateName is required']);
  expect(named('name: A')[0]).toMatch(/^metadata\.name: Invalid value: "A": a lowercase RFC 1123 subdomain/);
  expect(named('name: a, labels: {__proto__: x}')[0]).toMatch(
    /^metadata\.labels: Invalid value: "__proto__": name part/,
  );
  expect(named(`name: a, labels: {a: ${'x'.repeat(64)}}`)[0]).toMatch(/must be no more than 63 characters$/);
  const { definition, object: annotated } = prepared('{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}');
  (annotated.metadata as JsonObject).annotations = { a: 'x'.repeat(256 * 1024) };
  expect(validate(definition, annotated)).toMatchObject([
    { field: 'metadata.annotations', message: 'Too long: may not be more than 262144 bytes' },
  ]);
  expect(named('name: a, ownerReferences: [{apiVersion: v1, kind: Event, name: e, uid: u}]')[0]).toContain(
    '/v1, Kind=Event is disallowed from being an owner',
  );
  expect(
    named(
      'name: a, ownerReferences: [{apiVersion: v1, kind: A, name: e, uid: u, controller: true}, {apiVersion: v1, kind: B, name: f, uid: v, controller: true}]',
    )[0],
  ).toContain('Only one reference can have Controller set to true. Found "true" in references for A/e and B/f');
  expect(named('name: a, finalizers: [orphan, foregroundDeletion]')).toEqual([
    'metadata.finalizers: Invalid value: []string{"orphan", "foregroundDeletion"}: finalizer orphan and foregroundDeletion cannot be both set',
  ]);
  expect(faultsOf('{apiVersion: v1, kind: Namespace, metadata: {name: a.b}}')[0]).toContain('must not contain dots');
  expect(faultsOf('{apiVersion: v1, kind: Node, metadata: {name: a, namespace: b}}')).toEqual([
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
  const dying = (finalizers: string): string =>
    `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, deletionTimestamp: "2024-01-01T00:00:00Z", finalizers: [${finalizers}]}}`;
  expect(faultsOfChange(dying('a.b/c, a.b/d'), dying('a.b/c'))).toEqual([
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/d"}',
  ]);
});

test.each([
  [template, 'spec.selector: Required value'],
  [
    `selector: {}, ${template}`,
    'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment',
  ],
  [
    `selector: {matchLabels: {a: c}}, ${template}`,
    'spec.template.metadata.labels: Invalid value: map[string]string{"a":"b"}: `selector` does not match template `labels`',
  ],
  [`replicas: -1, ${selected}`, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  [
    `strategy: {type: Slow}, ${selected}`,
    'spec.strategy: Unsupported value: apps.DeploymentStrategy{Type:"Slow", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}: supported values: "Recreate", "RollingUpdate"',
  ],
  [
    `strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}, ${selected}`,
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ],
  [
    `strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}, ${selected}`,
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"0%"}: may not be 0 when `maxSurge` is 0',
  ],
  [
    `strategy: {rollingUpdate: {maxUnavailable: 101%}}, ${selected}`,
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: must not be greater than 100%',
  ],
  [
    `progressDeadlineSeconds: 5, minReadySeconds: 5, ${selected}`,
    'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
  ],
  [
    selected.replace('containers:', 'restartPolicy: Never, containers:'),
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ],
])('Deployment %s', (spec, fault) => {
  expect(faultsOf(deployment(spec))[0]).toBe(fault);
});

test('selectors never change', () => {
  const other = selected.replaceAll('a: b', 'c: d');
  expect(faultsOfChange(deployment(other), deployment(selected))).toEqual([
    'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"c":"d"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable',
  ]);
});

test('StatefulSet', () => {
  const set = (spec: string): string => object('apps/v1', 'StatefulSet', `spec: {serviceName: s, ${spec}}`);
  expect(faultsOf(set(selected))).toEqual([]);
  const mounting = selected.replace('"a:1"', '"a:1", volumeMounts: [{name: d, mountPath: /d}]');
  expect(faultsOf(set(`${mounting}, volumeClaimTemplates: [{metadata: {name: d}, spec: {}}]`))).toEqual([]);
  expect(faultsOfChange(set(`replicas: 3, ${selected}`), set(selected))).toEqual([]);
  expect(faultsOfChange(set(selected).replace('serviceName: s', 'serviceName: t'), set(selected))[0]).toMatch(
    /^spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template'/,
  );
});

test('DaemonSet', () => {
  const set = (spec: string): string => object('apps/v1', 'DaemonSet', `spec: {${spec}}`);
  expect(faultsOf(set(`updateStrategy: {rollingUpdate: {maxUnavailable: 0}}, ${selected}`))).toEqual([
    'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
  ]);
});

test('CronJob', () => {
  const never = (text: string): string => text.replace('containers:', 'restartPolicy: Never, containers:');
  const cron = (spec: string): string[] =>
    faultsOf(never(object('batch/v1', 'CronJob', `spec: {${spec}, jobTemplate: {spec: {${template}}}}`)));
  expect(cron('schedule: "*/5 * * * MON-FRI", timeZone: Europe/Berlin')).toEqual([]);
  expect(cron('schedule: "61 * * * *"')).toEqual([
    'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
  ]);
  expect(cron('schedule: "TZ=UTC * * * * *"')[0]).toContain('cannot use TZ or CRON_TZ in schedule');
  expect(cron('schedule: "@daily", timeZone: Mars/Olympus')).toEqual([
    'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
  ]);
});

test('of these kinds the change is judged before the object', () => {
  const map = (rest: string): string => object('v1', 'ConfigMap', rest);
  expect(faultsOfChange(map('immutable: true, data: {"a b": x}'), map('immutable: true'))).toEqual([
    'data: Forbidden: field is immutable when `immutable` is set',
    expect.stringMatching(/^data\[a b\]: Invalid value/),
  ]);
  const secret = (rest: string): string => object('v1', 'Secret', rest);
  expect(faultsOfChange(secret('type: kubernetes.io/tls'), secret('type: Opaque'))).toEqual([
    'type: Invalid value: "kubernetes.io/tls": field is immutable',
    'data[tls.crt]: Required value',
    'data[tls.key]: Required value',
  ]);
  const at = (ip: string): string =>
    service(`clusterIP: ${ip}, clusterIPs: [${ip}], ports: [{port: 0, targetPort: 1}]`);
  expect(faultsOfChange(at('10.0.0.2'), at('10.0.0.1'))).toEqual([
    'spec.clusterIPs[0]: Invalid value: []string{"10.0.0.2"}: may not change once set',
    'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  ]);
  const className = (controller: string): string =>
    object('networking.k8s.io/v1', 'IngressClass', `spec: {controller: ${controller}}`);
  expect(faultsOfChange(className('x'), className('a.b/c'))[0]).toBe(
    'spec.controller: Invalid value: "x": field is immutable',
  );
});

test('ConfigMap and Secret', () => {
  const map = (rest: string): string => object('v1', 'ConfigMap', rest);
  expect(faultsOf(map('data: {__proto__: x, constructor: z}'))).toEqual([]);
  expect(faultsOf(map('data: {"a b": x}'))[0]).toMatch(/^data\[a b\]: Invalid value: "a b": a valid config key/);
  expect(faultsOf(map('data: {a: x}, binaryData: {a: YQ==}'))).toEqual([
    'data[a]: Invalid value: "a": duplicate of key present in binaryData',
  ]);
  expect(faultsOfChange(map('data: {a: x}'), map('immutable: true, data: {a: z}'))).toEqual([
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ]);
  const secret = (rest: string): string => object('v1', 'Secret', rest);
  expect(faultsOf(secret('type: kubernetes.io/tls'))).toEqual([
    'data[tls.crt]: Required value',
    'data[tls.key]: Required value',
  ]);
  expect(faultsOf(secret('type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: eA==}'))[0]).toContain(
    '<secret contents redacted>',
  );
  expect(faultsOfChange(secret('type: a'), secret('type: b'))).toEqual([
    'type: Invalid value: "a": field is immutable',
  ]);
  const { definition, object: large } = prepared(secret('data: {}'));
  large.data = { a: Buffer.alloc(1024 * 1024 + 1).toString('base64') };
  expect(validate(definition, large)).toMatchObject([{ field: 'data', reason: 'FieldValueTooLong' }]);
});

test('Node', () => {
  const node = (spec: string): string => object('v1', 'Node', `spec: {${spec}}`);
  expect(faultsOf(node('taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule, value: x}]'))[0]).toMatch(
    /^metadata\.taints\[1\]: Duplicate value: .*: taints must be unique by key and effect pair$/,
  );
  expect(faultsOf(node('podCIDRs: [10.0.0.0/33]'))[0]).toContain('must be a valid CIDR value');
  expect(
    faultsOfChange(
      node('podCIDR: 10.0.1.0/24, podCIDRs: [10.0.1.0/24]'),
      node('podCIDR: 10.0.0.0/24, podCIDRs: [10.0.0.0/24]'),
    ),
  ).toEqual(['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid']);
  expect(faultsOfChange(node('unschedulable: true, podCIDRs: [10.0.0.0/24]'), node(''))).toEqual([]);
});

test('volumes and claims', () => {
  const claim = (spec: string, phase = 'Pending'): string =>
    object('v1', 'PersistentVolumeClaim', `spec: {${spec}}, status: {phase: ${phase}, capacity: {storage: 2Gi}}`);
  const good = 'accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}';
  expect(faultsOf(claim(''))).toEqual([
    'spec.accessModes: Required value: at least 1 access mode is required',
    'spec.resources[storage]: Required value',
  ]);
  expect(faultsOfChange(claim(good.replace('2Gi', '3Gi'), 'Bound'), claim(good, 'Bound'))).toEqual([]);
  expect(faultsOfChange(claim(good.replace('2Gi', '1Gi'), 'Bound'), claim(good, 'Bound'))).toEqual([
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ]);
  expect(faultsOfChange(claim(`${good}, storageClassName: b`), claim(`${good}, storageClassName: a`))[0]).toMatch(
    /^spec: Forbidden: spec is immutable after creation except resources\.requests and volumeAttributesClassName/,
  );
  const volume = (spec: string): string => object('v1', 'PersistentVolume', `spec: {${spec}}`);
  expect(faultsOf(volume('capacity: {storage: 1Gi}, accessModes: [Any]'))).toEqual([
    'spec.accessModes: Unsupported value: "Any": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    'spec: Required value: must specify a volume type',
  ]);
  const some = 'capacity: {storage: 1Gi}, accessModes: [ReadWriteOncePod, ReadWriteOncePod]';
  expect(faultsOf(volume(`${some}, glusterfs: {endpoints: e, path: p, endpointsNamespace: ""}`))).toEqual([
    'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
  ]);
  expect(faultsOf(volume(`${some}, glusterfs: {endpoints: e, path: p, endpointsNamespace: a.b}`))).toEqual([
    'spec.glusterfs.endpointsNamespace: Invalid value: "a.b": must not contain dots',
  ]);
  expect(faultsOf(volume(`${some}, cinder: {volumeID: v, secretRef: {name: s}}`))).toEqual([
    'spec.cinder.secretRef.namespace: Required value',
  ]);
  expect(faultsOf(volume(`${some}, storageos: {volumeName: v, secretRef: {}}`))).toEqual([
    'spec.storageos.secretRef.name: Required value',
    'spec.storageos.secretRef.namespace: Required value',
  ]);
  expect(faultsOf(volume(`${some}, iscsi: {targetPortal: p, iqn: x}`))).toEqual([
    'spec.iscsi.iqn: Invalid value: "x": must be valid format',
  ]);
  const class_ = (rest: string): string => object('storage.k8s.io/v1', 'StorageClass', `provisioner: a.b, ${rest}`);
  expect(faultsOfChange(class_('reclaimPolicy: Retain'), class_('parameters: {a: b}'))).toEqual([
    'parameters: Forbidden: updates to parameters are forbidden.',
    'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
  ]);
});

test('networking', () => {
  const ingress = (spec: string): string[] => faultsOf(object('networking.k8s.io/v1', 'Ingress', `spec: {${spec}}`));
  expect(ingress('')).toEqual([
    'spec: Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified',
  ]);
  expect(ingress('rules: [{host: 1.2.3.4, http: {paths: [{path: x, pathType: Prefix, backend: {}}]}}]')).toEqual([
    'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
    'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
  ]);
  const policy = (spec: string): string[] =>
    faultsOf(object('networking.k8s.io/v1', 'NetworkPolicy', `spec: {podSelector: {}, ${spec}}`));
  expect(policy('ingress: [{from: [{}]}]')).toEqual(['spec.ingress[0].from[0]: Required value: must specify a peer']);
  expect(policy('ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]')).toEqual([
    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
  ]);
  expect(policy('ingress: [{ports: [{port: http, endPort: 9}]}]')).toEqual([
    'spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is non-numeric',
  ]);
  expect(policy('ingress: [{ports: [{port: Http, endPort: 9}, {endPort: 9}, {port: 9, endPort: 8}]}]')).toEqual([
    'spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is non-numeric',
    expect.stringMatching(/^spec\.ingress\[0\]\.ports\[0\]\.port: Invalid value: "Http": /),
    'spec.ingress[0].ports[1].endPort: Invalid value: 9: may not be specified when `port` is not specified',
    'spec.ingress[0].ports[2].endPort: Invalid value: 9: must be greater than or equal to `port`',
  ]);
  expect(policy('policyTypes: [Ingress, Egress, Ingress]')).toEqual([
    'spec.policyTypes: Invalid value: []networking.PolicyType{"Ingress", "Egress", "Ingress"}: may not specify more than two policyTypes',
  ]);
  expect(policy('egress: [{to: [{podSelector: {}, ipBlock: {cidr: x}}]}]')).toEqual([
    expect.stringMatching(/^spec\.egress\[0\]\.to\[0\]\.ipBlock\.cidr: Invalid value: "x": must be a valid CIDR/),
    'spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer',
  ]);
  const slice = (rest: string): string[] => faultsOf(object('discovery.k8s.io/v1', 'EndpointSlice', rest));
  expect(slice('addressType: IPv4, endpoints: [{addresses: [10.0.0.300]}]')).toEqual([
    'endpoints[0].addresses[0]: Invalid value: "10.0.0.300": must be a valid IPv4 address',
    'endpoints[0].addresses[0]: Invalid value: "10.0.0.300": must be a valid IP address',
  ]);
  expect(slice('addressType: IPv4, endpoints: [{addresses: []}]')).toEqual([
    'endpoints[0].addresses: Required value: must contain at least 1 address',
  ]);
});

test('scaling and budgets', () => {
  const hpa = (spec: string): string[] =>
    faultsOf(
      object('autoscaling/v2', 'HorizontalPodAutoscaler', `spec: {scaleTargetRef: {kind: D, name: d}, ${spec}}`),
    );
  expect(hpa('minReplicas: 5, maxReplicas: 3')).toEqual([
    'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
  ]);
  expect(hpa('maxReplicas: 3, metrics: [{type: Pods}]')).toEqual([
    'spec.metrics[0].pods: Required value: must populate information for the given metric source',
  ]);
  const budget = (spec: string): string[] => faultsOf(object('policy/v1', 'PodDisruptionBudget', `spec: {${spec}}`));
  expect(budget('minAvailable: 1, maxUnavailable: 1')[0]).toContain(
    'minAvailable and maxUnavailable cannot be both set',
  );
  expect(budget('minAvailable: 101%')).toEqual([
    'spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:"101%"}: must not be greater than 100%',
  ]);
});

test('roles and bindings', () => {
  const rbac = 'rbac.authorization.k8s.io/v1';
  expect(faultsOf(object(rbac, 'Role', 'rules: [{verbs: [get], nonResourceURLs: [/x]}]'))[0]).toContain(
    'namespaced rules cannot apply to non-resource URLs',
  );
  expect(faultsOf(object(rbac, 'ClusterRole', 'rules: [{apiGroups: [""], resources: [pods]}]'))).toEqual([
    'rules[0].verbs: Required value: verbs must contain at least one value',
  ]);
  expect(
    faultsOf(
      '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "system:node"}, rules: []}',
    ),
  ).toEqual([]);
  const binding = (role: string): string =>
    object(
      rbac,
      'ClusterRoleBinding',
      `roleRef: {kind: ClusterRole, name: ${role}}, subjects: [{kind: ServiceAccount, name: s}]`,
    );
  expect(faultsOf(binding('r'))).toEqual(['subjects[0].namespace: Required value']);
  expect(faultsOfChange(binding('r'), binding('q'))).toContain(
    'roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"ClusterRole", Name:"r"}: cannot change roleRef',
  );
});

test('quotas, limits, leases, priorities', () => {
  expect(faultsOf(object('v1', 'ResourceQuota', 'spec: {hard: {pods: 1.5, cpus: "1"}}'))).toEqual([
    'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    'spec.hard[cpus]: Invalid value: "cpus": must be a standard resource type or fully qualified',
    'spec.hard[cpus]: Invalid value: "cpus": must be a standard resource for quota',
  ]);
  expect(
    faultsOf(
      object('v1', 'ResourceQuota', 'spec: {hard: {count/deployments.apps: "1"}, scopes: [BestEffort, NotBestEffort]}'),
    ),
  ).toEqual([
    'spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort", "NotBestEffort"}: conflicting scopes',
  ]);
  expect(
    faultsOf(object('v1', 'LimitRange', 'spec: {limits: [{type: Pod, min: {cpu: "2"}, max: {cpu: "1"}}]}')),
  ).toEqual([
    'spec.limits[0].min[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:"2", Format:"DecimalSI"}: min value 2 is greater than max value 1',
  ]);
  expect(faultsOf(object('coordination.k8s.io/v1', 'Lease', 'spec: {leaseDurationSeconds: 0}'))).toEqual([
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  ]);
  expect(faultsOf(object('scheduling.k8s.io/v1', 'PriorityClass', 'value: 1000000001'))).toEqual([
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ]);
  expect(
    faultsOfChange(
      object('scheduling.k8s.io/v1', 'PriorityClass', 'value: 1'),
      object('scheduling.k8s.io/v1', 'PriorityClass', 'value: 2'),
    ),
  ).toEqual(['value: Forbidden: may not be changed in an update.']);
});

test.each(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])(
  'a %s of nothing lacks what its kind lacks',
  (kind) => {
    const needsSelector = kind === 'DaemonSet' ? [] : ['spec.selector: Required value'];
    expect(faultsOf(object('apps/v1', kind, 'spec: {}'))).toEqual([
      ...needsSelector,
      'spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ]);
  },
);

test('sources of volumes name what they stand for', () => {
  const pod = (volume: string) =>
    faultsOf(
      `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}], volumes: [{name: v, ${volume}}]}}`,
    );
  expect(pod('gcePersistentDisk: {pdName: d}')).toEqual([]);
  expect(pod('gcePersistentDisk: {pdName: ""}')).toEqual(['spec.volumes[0].persistentDisk.pdName: Required value']);
  expect(pod('rbd: {monitors: [], image: i}')).toEqual(['spec.volumes[0].rbd.monitors: Required value']);
  const volume = 'accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}';
  expect(faultsOf(object('v1', 'PersistentVolume', `spec: {${volume}, vsphereVolume: {volumePath: ""}}`))).toEqual([
    'spec.vsphereVolume.volumePath: Required value',
  ]);
});

test('an APIService is named after what it serves', () => {
  const service = (name: string, more: string) =>
    faultsOf(
      `{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: ${name}}, spec: {group: g.io, version: v1, ${more}}}`,
    );
  const fine = 'groupPriorityMinimum: 100, versionPriority: 10';
  expect(service('v1.g.io', fine)).toEqual([]);
  expect(service('v2.g.io', fine)).toEqual([
    'metadata.name: Invalid value: "v2.g.io": must be `spec.version+"."+spec.group`: "v1.g.io"',
  ]);
  expect(service('v1.g.io', 'groupPriorityMinimum: 30000, versionPriority: 0, service: {name: s}')).toEqual([
    'spec.groupPriorityMinimum: Invalid value: 30000: must be positive and less than 20000',
    'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
    'spec.service.namespace: Required value',
  ]);
});
