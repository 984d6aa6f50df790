import type { JsonObject } from '@skiff/api';
import { decodeProtobuf, encodeProtobuf } from '@skiff/api/wire/server';
import { expect, test } from 'vitest';
import { encodeRightParts } from './misshapen.ts';

const encoded = (object: JsonObject): unknown => decodeProtobuf(encodeRightParts(object, encodeProtobuf));

test('what is wrong with an object is left out, and the rest is encoded', () => {
  const metadata = { name: 's', generation: 'x', labels: { a: 'b' } };
  const spec = { ports: [null, { port: 80 }], selector: 5, type: 'ClusterIP' };
  expect(encoded({ kind: 'Service', apiVersion: 'v1', metadata, spec })).toMatchObject({
    metadata: { name: 's', labels: { a: 'b' } },
    spec: { ports: [{ port: 0 }, { port: 80 }], type: 'ClusterIP' },
  });
});

test('what nobody knows is refused as before', () => {
  const object = { kind: 'Nope', apiVersion: 'x.io/v1', metadata: {} };
  expect(() => encodeRightParts(object, encodeProtobuf)).toThrow('x.io/v1');
});
