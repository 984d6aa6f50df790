import { expect, test } from 'vitest';
import { customColumns, jsonPathTemplate } from './templates.ts';

const pod = (name: string, ...images: string[]) => ({
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: images.map((image) => ({ image, ports: [{ containerPort: 80 }] })) },
});
const list = { kind: 'List', items: [pod('a', 'x:1', 'y:2'), pod('b', 'z:3')] };

test.each([
  ['{.items[*].metadata.name}', 'a b'],
  ['{range .items[*]}{.metadata.name}{"\\t"}{.spec.containers[*].image}{"\\n"}{end}', 'a\tx:1 y:2\nb\tz:3\n'],
  ['{range .items[*]}{range .spec.containers[*]}<{.image}>{end};{end}', '<x:1><y:2>;<z:3>;'],
  ['{.items[?(@.metadata.name=="b")].spec.containers[0].ports}', '[{"containerPort":80}]'],
  ['names: {.items[0].metadata.name}{\' "end"\'}', 'names: a "end"'],
  ['{.items[0].metadata.labels}', '{"app":"web"}'],
  ['{.nothing}', ''],
  ['{@.kind}', 'List'],
])('jsonpath %s', (template, text) => {
  expect(jsonPathTemplate(template)(list)).toBe(text);
});

test.each([
  ['{.items', 'unclosed action'],
  ['{range .items[*]}x', 'unterminated range'],
  ['{end}', 'not in range'],
])('jsonpath %s is refused', (template, why) => {
  expect(() => jsonPathTemplate(template)).toThrow(why);
});

test('custom columns show what their paths find', () => {
  const { header, row } = customColumns('NAME:.metadata.name,IMAGES:{.spec.containers[*].image},NONE:status.x');
  expect(header).toEqual(['NAME', 'IMAGES', 'NONE']);
  expect(list.items.map(row)).toEqual([
    ['a', 'x:1,y:2', '<none>'],
    ['b', 'z:3', '<none>'],
  ]);
  expect(() => customColumns('NAME')).toThrow('expected <header>:<json-path-expr>');
});
