import type { Json } from '@skiff/api';
import { parseYaml } from '@skiff/api/yaml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toYaml } from './yaml.ts';

describe('toYaml', () => {
  it.each<[Json, string]>([
    [{ a: 1, b: 'x' }, 'a: 1\nb: x\n'],
    [{ a: [{ b: 1, c: [2, 3] }, 4] }, 'a:\n- b: 1\n  c:\n  - 2\n  - 3\n- 4\n'],
    [{ a: {}, b: [], c: '' }, 'a: {}\nb: []\nc: ""\n'],
    [{ a: 'two\nlines\n' }, 'a: |\n  two\n  lines\n'],
    [
      { a: 'yes', b: '12', c: 'null', d: '- x', e: 'a: b', f: 'nginx:1.27' },
      'a: "yes"\nb: "12"\nc: "null"\nd: "- x"\ne: "a: b"\nf: nginx:1.27\n',
    ],
  ])('%j', (value, text) => expect(toYaml(value)).toBe(text));

  it('is read back as it was, whatever it holds', () => {
    const anyJson = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('"__proto__"'));
    fc.assert(
      fc.property(anyJson, fc.stringMatching(/^[ -~\n\t]{0,30}$/), (value, text) => {
        const document = JSON.parse(JSON.stringify({ value, text, [`k${text}`]: text })) as Json;
        expect(JSON.stringify(parseYaml(toYaml(document))[0]?.value)).toBe(JSON.stringify(document));
      }),
      { numRuns: 500 },
    );
  });
});
