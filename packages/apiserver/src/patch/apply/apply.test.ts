import type { Json, JsonObject, ObjectSchema, Schema } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { same } from '../values.ts';
import { ApplyConflict } from './conflicts.ts';
import {
  decodeFields,
  difference,
  encodeFields,
  equalSets,
  type FieldSet,
  intersection,
  isEmpty,
  pathsOf,
  pathText,
  recursiveDifference,
  setOf,
  union,
} from './field-set.ts';
import { compareObjects, fieldsOf } from './fields-of.ts';
import type { Managers } from './managers.ts';
import { mergeApplied, removeFields } from './merge.ts';
import { applyConfiguration, type Versions, type Writer } from './ownership.ts';

const object = (properties: Record<string, Schema>): ObjectSchema => ({ type: 'object', properties, required: [] });
const string: Schema = { type: 'string' };
const schema = object({
  spec: object({
    a: string,
    b: string,
    items: {
      type: 'array',
      listType: 'map',
      listMapKeys: ['name'],
      items: object({ name: string, x: string, y: string }),
    },
    set: { type: 'array', listType: 'set', items: string },
    atomic: { type: 'array', items: string },
    whole: { type: 'map', values: string, atomic: true },
    free: { type: 'map', values: string },
  }),
});

const word = fc.constantFrom('p', 'q', 'r');
const item = fc.record({ name: word, x: word, y: word }, { requiredKeys: ['name'] });
const uniqueBy = <T>(list: readonly T[], key: (each: T) => unknown): T[] => [
  ...new Map(list.map((each) => [key(each), each])).values(),
];
const spec = fc.record(
  {
    a: word,
    b: word,
    items: fc.array(item, { maxLength: 3 }).map((list) => uniqueBy(list, (each) => each.name)),
    set: fc.array(word, { maxLength: 3 }).map((list) => uniqueBy(list, (each) => each)),
    atomic: fc.array(word, { maxLength: 2 }),
    whole: fc.dictionary(word, word, { maxKeys: 2 }),
    free: fc.dictionary(word, word, { maxKeys: 2 }),
  },
  { requiredKeys: [] },
);
/** Empty containers mean nothing, and decoding drops them before anything is applied. */
const isEmptyContainer = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
const document = spec.map((each): JsonObject => {
  const kept = Object.entries(each).filter(([, value]) => !isEmptyContainer(value));
  return kept.length === 0 ? {} : JSON.parse(JSON.stringify({ spec: Object.fromEntries(kept) }));
});

/** True when the object sets every field of the configuration, to the same value. An empty list sets none. */
const holds = (live: Json, config: Json): boolean =>
  isEmpty(compareObjects(config, live, schema).modified) &&
  isEmpty(difference(fieldsOf(config, schema), fieldsOf(live, schema)));

const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"p"}', 'v:"q"', 'i:0'), { minLength: 1, maxLength: 3 });
const set = fc.array(path, { maxLength: 6 }).map((paths) => setOf(...paths));

describe('field sets', () => {
  test('go to FieldsV1 and back', () => {
    fc.assert(
      fc.property(set, (one) => {
        const decoded = decodeFields(JSON.parse(JSON.stringify(encodeFields(one))));
        expect(decoded !== undefined && equalSets(decoded, one)).toBe(true);
      }),
    );
  });

  test('obey the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(equalSets(union(a, b), union(b, a))).toBe(true);
        expect(equalSets(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(isEmpty(intersection(difference(a, b), b))).toBe(true);
        expect(isEmpty(difference(a, a))).toBe(true);
      }),
    );
  });

  test('a recursive difference takes what is below too', () => {
    const set = setOf(['f:a'], ['f:a', 'f:b'], ['f:c']);
    expect(equalSets(recursiveDifference(set, setOf(['f:a'])), setOf(['f:c']))).toBe(true);
    expect(equalSets(difference(set, setOf(['f:a'])), setOf(['f:a', 'f:b'], ['f:c']))).toBe(true);
  });

  test('name paths as conflicts do', () => {
    const one = setOf(
      ['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:name'],
      ['f:set', 'v:"a"'],
      ['f:l', 'i:3'],
    );
    expect([...pathsOf(one)].map(pathText)).toEqual([
      '.l[3]',
      '.set[="a"]',
      '.spec.ports[port=80,protocol="TCP"].name',
    ]);
  });

  test('what is no FieldsV1 is refused', () => {
    expect(decodeFields([])).toBeUndefined();
    expect(decodeFields({ 'x:a': {} })).toBeUndefined();
    expect(decodeFields({ 'f:a': 1 })).toBeUndefined();
  });
});

describe('comparing', () => {
  test('says what was added, changed and removed', () => {
    const before: JsonObject = { spec: { a: '1', items: [{ name: 'p', x: '1' }], whole: { k: '1' } } };
    const after: JsonObject = { spec: { b: '1', items: [{ name: 'p', x: '2' }, { name: 'q' }], whole: { k: '2' } } };
    const { added, modified, removed } = compareObjects(before, after, schema);
    const texts = (one: FieldSet): string[] => [...pathsOf(one)].map(pathText);
    expect(texts(added)).toEqual(['.spec.b', '.spec.items[name="q"]', '.spec.items[name="q"].name']);
    expect(texts(modified)).toEqual(['.spec.items[name="p"].x', '.spec.whole']);
    expect(texts(removed)).toEqual(['.spec.a']);
  });

  test('an object does not differ from itself', () => {
    fc.assert(
      fc.property(document, (one) => {
        const { added, modified, removed } = compareObjects(one, structuredClone(one), schema);
        expect([added, modified, removed].every(isEmpty)).toBe(true);
      }),
    );
  });
});

describe('merging', () => {
  test('items keep their live order; new ones stand where the configuration has them', () => {
    const live: JsonObject = { spec: { items: [{ name: 'p', x: '1' }, { name: 'q' }, { name: 'r' }] } };
    const config: JsonObject = { spec: { items: [{ name: 's' }, { name: 'r', y: '2' }] } };
    expect(mergeApplied(live, config, schema)).toEqual({
      spec: { items: [{ name: 'p', x: '1' }, { name: 'q' }, { name: 's' }, { name: 'r', y: '2' }] },
    });
  });

  test('atomic values are replaced, free maps merged', () => {
    const live: JsonObject = { spec: { atomic: ['p'], whole: { p: '1' }, free: { p: '1' } } };
    const config = { spec: { atomic: ['q'], whole: { q: '1' }, free: { q: '1' } } };
    expect(mergeApplied(live, config, schema)).toEqual({
      spec: { atomic: ['q'], whole: { q: '1' }, free: { p: '1', q: '1' } },
    });
  });

  test('holds all of the configuration, and is stable', () => {
    fc.assert(
      fc.property(document, document, (live, config) => {
        const merged = mergeApplied(live, config, schema);
        expect(holds(merged, config)).toBe(true);
        expect(same(mergeApplied(merged, config, schema), merged)).toBe(true);
      }),
    );
  });

  test('what an object sets can be taken out of it', () => {
    fc.assert(
      fc.property(document, (one) => {
        const bare = removeFields(one, fieldsOf(one, schema), schema);
        expect(isEmpty(intersection(fieldsOf(bare, schema), fieldsOf(one, schema)))).toBe(true);
      }),
    );
  });
});

describe('ownership', () => {
  const versions: Versions = () => ({ schema, convert: (one) => one });
  const writer = (name: string): Writer => ({ name, apiVersion: 'v1', subresource: '', time: 't', reset: setOf() });
  const run = (live: JsonObject, config: JsonObject, managers: Managers, name: string) =>
    applyConfiguration(live, config, managers, writer(name), versions, true);

  test('forced applies always hold what the last one says, whoever applied before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, document), { minLength: 1, maxLength: 6 }), (applies) => {
        let live: JsonObject = {};
        let managers: Managers = new Map();
        for (const [name, config] of applies) {
          const applied = run(live, config, managers, name);
          live = applied.object;
          managers = applied.managers;
          expect(holds(live, config)).toBe(true);
          const again = run(live, config, managers, name);
          expect(same(again.object, live)).toBe(true);
        }
      }),
    );
  });

  test('applying nothing takes back all that was applied alone', () => {
    fc.assert(
      fc.property(document, (config) => {
        const applied = run({}, config, new Map(), 'one');
        const emptied = run(applied.object, {}, applied.managers, 'one');
        expect(isEmpty(fieldsOf(emptied.object, schema))).toBe(true);
        expect(emptied.managers.size).toBe(0);
      }),
    );
  });

  test('without force nothing of another manager changes', () => {
    fc.assert(
      fc.property(document, document, (first, second) => {
        const one = run({}, first, new Map(), 'one');
        try {
          const two = applyConfiguration(one.object, second, one.managers, writer('two'), versions, false);
          expect(holds(two.object, first)).toBe(true);
        } catch (error) {
          if (!(error instanceof ApplyConflict)) throw error;
          expect(error.causes().length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
