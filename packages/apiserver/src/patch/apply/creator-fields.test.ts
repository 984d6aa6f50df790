import type { Definition, JsonObject, Schema } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skeletonOf } from '../../registry/managed-fields.ts';
import { creatorFields } from './creator-fields.ts';
import { emptySet, encodeFields, union } from './field-set.ts';
import { compareObjects } from './fields-of.ts';

const definitionOf = (kind: string): Definition => {
  const found = builtinDefinitions().find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found;
};

const name = fc.constantFrom('a', 'b', '1:a', '{', '__proto__', 'é');
const container = fc.record(
  {
    name,
    image: fc.constantFrom('x', 'y'),
    ports: fc.array(fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constant('TCP') }), {
      maxLength: 2,
    }),
    env: fc.array(fc.record({ name, value: name }), { maxLength: 2 }),
    resources: fc.constantFrom({}, { limits: {} }, { limits: { cpu: '1' } }),
  },
  { requiredKeys: [] },
);
const metadata = fc.record(
  {
    name,
    labels: fc.dictionary(name, name),
    annotations: fc.constantFrom(null, {}, { a: 'b' }),
    finalizers: fc.array(name),
  },
  { requiredKeys: [] },
);
const podSpec = fc.record(
  {
    containers: fc.oneof(fc.array(container, { maxLength: 3 }), fc.constantFrom(null, 'none')),
    nodeSelector: fc.dictionary(name, name),
    tolerations: fc.constantFrom([], [{ key: 'a' }]),
  },
  { requiredKeys: [] },
);
const pod = fc.record({ metadata, spec: fc.oneof(podSpec, fc.constantFrom(null, {}, [], 1)) }, { requiredKeys: [] });
const deployment = fc.record(
  {
    metadata,
    spec: fc.record(
      {
        selector: fc.constantFrom(null, {}, { matchLabels: { a: 'b' } }),
        strategy: fc.constantFrom({}, { type: 'Recreate' }, null),
        template: fc.oneof(
          fc.record({ metadata, spec: podSpec }, { requiredKeys: [] }),
          fc.constantFrom({}, null, 'x'),
        ),
      },
      { requiredKeys: [] },
    ),
    status: fc.constantFrom({}, { replicas: 1 }, null),
  },
  { requiredKeys: [] },
);

test.each([
  ['Pod', pod],
  ['Deployment', deployment],
] as const)('what is remembered of an outline is what each %s of it would get', (kind, objects) => {
  const schema = definitionOf(kind).schema();
  fc.assert(
    fc.property(objects, (drawn) => {
      const object = drawn as unknown as JsonObject;
      const work = () => {
        const { added, modified } = compareObjects(skeletonOf({})(object), object, schema);
        return union(modified, added);
      };
      const fields = creatorFields(object, schema, emptySet, work);
      expect(JSON.stringify(fields)).toBe(JSON.stringify(encodeFields(work())));
    }),
    { numRuns: 2000 },
  );
});

test('a part that is one value to apply is compared itself', () => {
  const atomic: Schema = { type: 'object', properties: {}, required: [], atomic: true };
  const schema: Schema = { type: 'object', properties: { spec: atomic }, required: [] };
  const fieldsOf = (object: JsonObject) =>
    creatorFields(object, schema, emptySet, () => compareObjects(skeletonOf({})(object), object, schema).modified);
  expect(fieldsOf({ spec: {} })).toEqual({});
  expect(fieldsOf({ spec: { a: 1 } })).toEqual({ 'f:spec': {} });
});
