import type { Json, JsonObject, Schema } from '@skiff/api';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { PatchError } from './errors.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge.ts';

const keys = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'name',
  'list',
  'a',
  '$patch',
  '$retainKeys',
);
const json = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 1, 'delete', 'replace', 'x'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  // JSON.parse makes `__proto__` an own key, as a door does.
  object: fc
    .array(fc.tuple(keys, tie('value')), { maxLength: 4 })
    .map((entries) =>
      JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`),
    ),
}));
const pointer = fc
  .array(fc.oneof(keys, fc.constantFrom('0', '-', '01')), { maxLength: 4 })
  .map((parts) => parts.map((part) => `/${part}`).join(''));
const operation = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
  path: pointer,
  from: pointer,
  value: json.value,
});
const schema: Schema = {
  type: 'object',
  required: [],
  properties: {
    list: { type: 'array', patchMergeKey: 'name', items: { type: 'object', required: [], properties: {} } },
  },
};

const shape = (): string[] =>
  [Object.prototype, Array.prototype, Function.prototype].flatMap((each) => Reflect.ownKeys(each).map(String));
const before = shape();

/** A patch may be refused, but only by PatchError. */
async function tolerate(work: () => Json | Promise<Json>): Promise<void> {
  try {
    const result = await work();
    if (typeof result === 'object' && result !== null && !Array.isArray(result)) {
      expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
  }
}

describe('hostile patches', () => {
  afterEach(() => expect(shape()).toEqual(before));

  test('random json patches reach no prototype', async () => {
    await fc.assert(
      fc.asyncProperty(json.object, fc.array(operation, { maxLength: 5 }), (document, patch) =>
        tolerate(() => jsonPatch(document, patch)),
      ),
    );
  });

  test('random merge patches reach no prototype', async () => {
    await fc.assert(
      fc.asyncProperty(json.object, json.value, (document, patch) => tolerate(() => mergePatch(document, patch))),
    );
  });

  test('random strategic merge patches reach no prototype', async () => {
    await fc.assert(
      fc.asyncProperty(json.object, json.object, (document, patch) =>
        tolerate(() => strategicMergePatch(document, patch, schema)),
      ),
    );
  });

  test('a key named __proto__ stays a plain key', () => {
    const patch = JSON.parse('{"data":{"__proto__":"1","constructor":"2"}}');
    const expected = '{"data":{"__proto__":"1","constructor":"2"}}';
    expect(JSON.stringify(mergePatch({}, patch))).toBe(expected);
    expect(JSON.stringify(strategicMergePatch({}, patch, schema))).toBe(expected);
  });
});
