import { realClock } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { createCA } from '../../pki/authority.ts';
import { authorities, remoteHeaders } from './front-proxy.ts';

test('who asks travels in headers', () => {
  const user = { name: 'jane', uid: 'u1', groups: ['a', 'b'], extra: { 'x.io/scope': ['s1', 's2'] } };
  expect(remoteHeaders(user)).toEqual([
    ['X-Remote-User', 'jane'],
    ['X-Remote-Uid', 'u1'],
    ['X-Remote-Group', 'a'],
    ['X-Remote-Group', 'b'],
    ['X-Remote-Extra-x.io%2Fscope', 's1'],
    ['X-Remote-Extra-x.io%2Fscope', 's2'],
  ]);
});

describe('the authorities in use', () => {
  const make = async (lifetimeMs: number): Promise<string> =>
    (await createCA({ commonName: 'ca', nowMs: realClock.now(), lifetimeMs })).certificatePem;

  test('are those of all servers that may still run, each once', async () => {
    const [one, two, over] = [await make(60_000_000), await make(60_000_000), await make(1000)];
    const nowMs = realClock.now() + 10_000_000;
    const both = authorities(`${one}${over}not a certificate`, two, nowMs);
    expect(both).toBe(`${one.trim()}\n${two.trim()}\n`);
    expect(authorities(both, two, nowMs)).toBe(both);
  });
});
