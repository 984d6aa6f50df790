import { parseJson } from '@skiff/api/json';
import { expect, test } from 'vitest';
import type { BodyReader } from './bodies/reader.ts';
import { decodeDeleteOptions } from './documents.ts';

const bodies = { read: async (text: string) => parseJson(text) } as unknown as BodyReader;
const decoded = (options: object) => decodeDeleteOptions(bodies, Buffer.from(JSON.stringify(options)), 'json');

test.each([5, 'x', [], true])(
  'preconditions that are no object are refused, not left out: %j',
  async (preconditions) => {
    await expect(decoded({ preconditions })).rejects.toMatchObject({ reason: 'BadRequest' });
  },
);

test('a precondition is kept', async () => {
  expect(await decoded({ preconditions: { uid: 'a' } })).toMatchObject({ preconditions: { uid: 'a' } });
});
