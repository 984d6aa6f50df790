import { expect, test } from 'vitest';
import { isReady } from './node-state.ts';

const node = (status: string | undefined) =>
  status === undefined ? {} : { status: { conditions: [{ type: 'Ready', status }] } };

test.each([
  ['True', true],
  ['False', false],
  ['Unknown', false],
  [undefined, false],
])('Ready %s: %s', (status, ready) => {
  expect(isReady(node(status))).toBe(ready);
});
