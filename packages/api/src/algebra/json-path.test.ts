import { describe, expect, test } from 'vitest';
import { parseJsonPath } from './json-path.ts';

const object = {
  spec: { a: 1, 'b.c': 2, list: [{ n: 1 }, { n: 2 }, { n: 3 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Other', status: 'False' },
    ],
  },
};

describe('a JSON path', () => {
  test.each([
    ['.spec.a', [1]],
    ['.spec.b\\.c', [2]],
    [".spec['b.c']", [2]],
    ['.spec.list[0].n', [1]],
    ['.spec.list[-1].n', [3]],
    ['.spec.list[*].n', [1, 2, 3]],
    ['.spec.list[0:2].n', [1, 2]],
    ['.spec.list[?(@.n>1)].n', [2, 3]],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['..n', [1, 2, 3]],
    ['.spec.missing.deeper', []],
    ['.constructor', []],
  ])('%s finds %j', (path, found) => expect(parseJsonPath(path).find(object)).toEqual(found));

  test.each(['.spec[', '.spec[?(x)]', '.a[b]'])('%s is refused', (path) => expect(() => parseJsonPath(path)).toThrow());
});
