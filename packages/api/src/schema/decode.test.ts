import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../json/parse.ts';
import { parseYaml } from '../json/yaml.ts';
import { findBuiltinKind } from '../kinds/builtin.ts';
import { type JsonObject, parseApiVersion } from '../object.ts';
import { builtinType } from './builtin.ts';
import { decode } from './decode.ts';
import { applySchemaDefaults } from './default.ts';
import { prune } from './prune.ts';
import type { ObjectSchema } from './schema.ts';

const manifests = parseYaml(readFileSync(new URL('manifests.yaml', import.meta.url), 'utf8')).map(
  (one) => one.value as JsonObject,
);

const schemaOf = (object: JsonObject): ObjectSchema => {
  const { group = '', version = '' } = parseApiVersion(String(object.apiVersion)) ?? {};
  const schema = findBuiltinKind({ group, version, kind: String(object.kind) })?.schema();
  if (schema === undefined) throw new Error(`no schema for ${object.kind}`);
  return schema;
};

test.each(manifests.map((manifest) => [manifest.kind, manifest] as const))(
  'a real-looking %s decodes whole',
  (_kind, manifest) => {
    const decoded = decode(schemaOf(manifest), structuredClone(manifest));
    expect(decoded.unknown).toEqual([]);
    expect(decoded.faults).toEqual([]);
    const again = decode(schemaOf(manifest), structuredClone(decoded.value));
    expect(again.value).toEqual(decoded.value);
  },
);

const pod = builtinType('io.k8s.api.core.v1.Pod');
const deployment = builtinType('io.k8s.api.apps.v1.Deployment');

test('unknown fields are dropped and reported with their path', () => {
  const decoded = decode(pod, {
    kind: 'Pod',
    extra: 1,
    __proto__x: 2,
    metadata: { name: 'a', selflink: '' },
    spec: { containers: [{ name: 'a' }, { name: 'b', imge: 'x', env: [{ name: 'A', valu: '1' }] }] },
  });
  expect(decoded.unknown).toEqual([
    'extra',
    '__proto__x',
    'metadata.selflink',
    'spec.containers[1].imge',
    'spec.containers[1].env[0].valu',
  ]);
  expect(decoded.value).toEqual({
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a' }, { name: 'b', env: [{ name: 'A' }] }] },
  });
});

test.each([
  [
    deployment,
    { spec: { replicas: '3' } },
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    deployment,
    { spec: { replicas: 2147483648 } },
    'json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    deployment,
    { spec: { replicas: 1.5 } },
    'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
  ],
  [
    pod,
    { spec: { containers: { name: 'a' } } },
    'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  [
    pod,
    { spec: { containers: [{ env: [{ name: 'A', value: 1 }] }] } },
    'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
  ],
  [
    pod,
    { spec: { containers: [{ tty: 'yes' }] } },
    'json: cannot unmarshal string into Go struct field Container.spec.containers.tty of type bool',
  ],
  [
    pod,
    { metadata: { labels: { a: 1 } } },
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  [pod, { metadata: [] }, 'json: cannot unmarshal array into Go struct field Pod.metadata of type v1.ObjectMeta'],
  [pod, [], 'json: cannot unmarshal array into Go value of type v1.Pod'],
  [pod, 'x', 'json: cannot unmarshal string into Go value of type v1.Pod'],
  [
    pod,
    { metadata: { creationTimestamp: 'now' } },
    'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
  ],
  [
    pod,
    { spec: { overhead: { cpu: '1x' } } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
  [builtinType('io.k8s.api.core.v1.Secret'), { data: { a: 'ab*=' } }, 'illegal base64 data at input byte 2'],
  [
    builtinType('io.k8s.api.core.v1.Service'),
    { spec: { ports: [{ targetPort: true }] } },
    'json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
  ],
])('%# a wrong type is told as Go tells it', (schema, value, fault) => {
  expect(decode(schema, value).faults).toEqual([fault]);
});

test('null means absent; in lists and maps it is the zero value', () => {
  const decoded = decode(pod, {
    metadata: { name: 'a', creationTimestamp: null, labels: { a: null } },
    spec: { containers: [null, { name: 'b', args: ['x', null] }], nodeSelector: null },
    status: null,
  });
  expect(decoded.faults).toEqual([]);
  expect(decoded.value).toEqual({
    metadata: { name: 'a', labels: { a: '' } },
    spec: { containers: [{}, { name: 'b', args: ['x', ''] }] },
  });
});

test('fields at zero are dropped where Go drops them, and kept where zero is a value', () => {
  const decoded = decode(pod, {
    metadata: { name: 'a', labels: {}, finalizers: [] },
    spec: {
      containers: [{ name: '', ports: [{ containerPort: 0, hostPort: 0 }] }],
      hostNetwork: false,
      nodeName: '',
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
      securityContext: {},
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [],
    },
  });
  expect(decoded.value).toEqual({
    metadata: { name: 'a' },
    spec: {
      containers: [{ name: '', ports: [{ containerPort: 0 }] }],
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
      securityContext: {},
      volumes: [{ name: 'v', emptyDir: {} }],
    },
  });
});

test('quantities and times take their canonical form', () => {
  const decoded = decode(builtinType('io.k8s.api.core.v1.Node'), {
    metadata: { name: 'n', creationTimestamp: '2024-05-01T12:00:00.5+02:00' },
    status: { capacity: { cpu: 2, memory: '1024Mi', pods: '0.5' } },
  });
  expect(decoded.value).toEqual({
    metadata: { name: 'n', creationTimestamp: '2024-05-01T10:00:00Z' },
    status: { capacity: { cpu: '2', memory: '1Gi', pods: '500m' } },
  });
});

test('exact and odd numbers', () => {
  const text =
    '{"spec":{"activeDeadlineSeconds":9007199254740993,"terminationGracePeriodSeconds":1.0,"priority":-0,"containers":[{"name":"a","ports":[{"containerPort":1e2}]}]}}';
  const parsed = parseJson(text);
  const decoded = decode(pod, parsed.value, parsed.fractions);
  expect(decoded.faults).toEqual([
    'json: cannot unmarshal number with a fraction into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64',
    'json: cannot unmarshal number with a fraction into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
  ]);
  expect(JSON.stringify(decoded.value)).toContain('"activeDeadlineSeconds":9007199254740993');
  expect(JSON.stringify(decoded.value)).toContain('"priority":0');
  for (const huge of ['{"spec":{"priority":1e400}}', '{"metadata":{"managedFields":[{"fieldsV1":{"a":[-1e400]}}]}}'])
    expect(() => parseJson(huge)).toThrow(/json: cannot unmarshal number -?1e400 into Go value of type float64/);
});

test('keys of the prototype are data in maps and unknown in objects', () => {
  const { value } = parseJson('{"metadata":{"__proto__":{"x":1}},"data":{"__proto__":null,"constructor":"b"}}');
  const decoded = decode(builtinType('io.k8s.api.core.v1.ConfigMap'), value);
  expect(decoded.unknown).toEqual(['metadata.__proto__']);
  expect(JSON.stringify(decoded.value)).toBe('{"metadata":{},"data":{"__proto__":"","constructor":"b"}}');
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

const custom: ObjectSchema = {
  type: 'object',
  required: [],
  properties: {
    spec: {
      type: 'object',
      required: [],
      default: {},
      properties: {
        size: { type: 'integer', default: 3 },
        note: { type: 'string', nullable: true, default: 'n' },
        free: {
          type: 'object',
          required: [],
          properties: { a: { type: 'string', default: 'x' } },
          preserveUnknown: true,
        },
        items: {
          type: 'array',
          items: { type: 'object', required: [], properties: { on: { type: 'boolean', default: true } } },
        },
        named: {
          type: 'map',
          values: { type: 'object', required: [], properties: { n: { type: 'integer', default: 0 } } },
        },
      },
    },
  },
};

test('pruning drops what the schema does not name, and only that', () => {
  const { value } = parseJson(
    '{"spec":{"size":"x","free":{"b":{"c":1},"__proto__":2},"items":[{"on":1,"off":2}],"named":{"__proto__":{"n":1,"m":2}}},"x":1}',
  );
  const pruned = prune(custom, value);
  expect(pruned.unknown).toEqual(['spec.items[0].off', 'spec.named.__proto__.m', 'x']);
  expect(JSON.stringify(pruned.value)).toBe(
    '{"spec":{"size":"x","free":{"b":{"c":1},"__proto__":2},"items":[{"on":1}],"named":{"__proto__":{"n":1}}}}',
  );
});

test('schema defaults fill what is absent, at any depth', () => {
  expect(applySchemaDefaults(custom, {})).toEqual({ spec: { size: 3, note: 'n' } });
  expect(
    applySchemaDefaults(custom, {
      spec: { size: null, note: null, free: {}, items: [{}, { on: false }], named: { k: {} } },
    }),
  ).toEqual({
    spec: { size: 3, note: null, free: { a: 'x' }, items: [{ on: true }, { on: false }], named: { k: { n: 0 } } },
  });
});

test('a default is copied, never shared', () => {
  const one = applySchemaDefaults(custom, {}) as { spec: { size: number } };
  one.spec.size = 9;
  expect(applySchemaDefaults(custom, {})).toEqual({ spec: { size: 3, note: 'n' } });
});

test('any JSON at all decodes to something that decodes to itself', () => {
  const names = fc.constantFrom(
    'metadata',
    'spec',
    'status',
    'containers',
    'name',
    'labels',
    'ports',
    'x',
    '__proto__',
    'resources',
    'limits',
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const first = decode(pod, structuredClone(value));
      const again = decode(pod, structuredClone(first.value));
      expect(again.unknown).toEqual([]);
      expect(again.faults).toEqual([]);
      expect(JSON.stringify(again.value)).toBe(JSON.stringify(first.value));
    }),
    { numRuns: 300 },
  );
  expect(Object.keys(Object.prototype)).toEqual([]);
});
