import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutResourceVersion, withResourceVersion } from './splice.ts';

test.each([
  [
    '{"kind":"Pod","metadata":{"name":"a"},"spec":{}}',
    '{"kind":"Pod","metadata":{"resourceVersion":"7","name":"a"},"spec":{}}',
  ],
  ['{"metadata":{}}', '{"metadata":{"resourceVersion":"7"}}'],
  [
    '{"data":{"metadata":{"x":1}},"metadata":{"name":"a"}}',
    '{"data":{"metadata":{"x":1}},"metadata":{"resourceVersion":"7","name":"a"}}',
  ],
  [
    '{"data":"\\"metadata\\":{","metadata":{"name":"a"}}',
    '{"data":"\\"metadata\\":{","metadata":{"resourceVersion":"7","name":"a"}}',
  ],
  [
    '{"a":["metadata",{}],"metadata" : { "name":"a"}}',
    '{"a":["metadata",{}],"metadata" : {"resourceVersion":"7", "name":"a"}}',
  ],
])('splices %s', (text, expected) => {
  expect(withResourceVersion(text, 7n)).toBe(expected);
});

test.each(['{}', '[]', '{"metadata":null}', '{"metadata":"x"}', '{"kind":"Pod'])('refuses %s', (text) => {
  expect(() => withResourceVersion(text, 7n)).toThrow(SyntaxError);
});

test('any document comes out as it went in, with the version added', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.bigInt({ min: 1n, max: 2n ** 63n }),
      (rest, metadata, version) => {
        delete metadata.resourceVersion;
        const document = JSON.parse(JSON.stringify({ ...rest, metadata }));
        const text = JSON.stringify(document);
        const spliced = JSON.parse(withResourceVersion(text, version));
        expect(withoutResourceVersion(withResourceVersion(text, version), version)).toBe(text);
        expect(spliced).toEqual({ ...document, metadata: { ...document.metadata, resourceVersion: String(version) } });
      },
    ),
  );
});

test('takes out no other version than the one it is told', () => {
  const text = withResourceVersion('{"metadata":{"name":"a"}}', 7n);
  expect(() => withoutResourceVersion(text, 70n)).toThrow(SyntaxError);
});
