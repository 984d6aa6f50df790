import { builtinDefinitions } from '@skiff/api/kinds';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pick, wanted } from '../../watch/pick.ts';
import { strategyOf } from './index.ts';

const selectable = builtinDefinitions().flatMap(({ group, resource }) => {
  const { selectableFields: fields, selectablePaths: paths } = strategyOf({ group, resource });
  return fields === undefined ? [] : [{ name: `${group}/${resource}`, fields, paths }];
});

/** Objects with something at these paths, and at their beginnings. */
const objectsWith = (paths: readonly (readonly string[])[]) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...paths),
        fc.nat({ max: 3 }),
        fc.oneof(fc.jsonValue(), fc.string(), fc.boolean(), fc.nat(), fc.constant([{ ip: '10.0.0.1' }, { ip: 'x' }])),
      ),
    )
    .map((entries) => {
      const object: Record<string, unknown> = { other: { nodeName: 'x' } };
      for (const [path, length, value] of entries)
        put(object, path.slice(0, path.length - (length === 0 ? 1 : 0)), value);
      return object;
    });

function put(object: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined) return;
  if (rest.length === 0) {
    object[name] = value;
    return;
  }
  const inner = object[name];
  const next = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  object[name] = next;
  put(next as Record<string, unknown>, rest, value);
}

test('there are kinds with fields of their own', () => {
  expect(selectable.map(({ name }) => name)).toContain('/pods');
});

describe.each(selectable)('$name', ({ fields, paths }) => {
  test('says all that its fields come from', () => {
    if (paths === undefined) throw new Error('the kind does not say what its fields come from');
    fc.assert(
      fc.property(objectsWith(paths), (object) => {
        const { object: some } = pick(Buffer.from(JSON.stringify(object)), wanted(paths));
        expect(fields(some)).toEqual(fields(JSON.parse(JSON.stringify(object))));
      }),
    );
  });
});
