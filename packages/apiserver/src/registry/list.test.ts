import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeContinue, encodeContinue } from './continue.ts';
import type { ListOptions, Texts } from './contract.ts';
import { configMap, pod } from './fixtures.ts';
import {
  type Caller,
  createMemoryRegistry,
  listOptions,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const list = (of: string, namespace: string, options: Partial<ListOptions> = {}) =>
  memory.registry.list(testContext(), target(of, namespace), listOptions(options));
const namesOf = (items: Texts): string[] => items.map((text) => JSON.parse(text).metadata.name);

const makeMaps = async (...names: string[]): Promise<void> => {
  for (const name of names) await call.create('configmaps', 'default', configMap(name));
};

describe('list', () => {
  test('sees every write that ended before it, in key order', async () => {
    await makeMaps('b', '10', '9', 'a-b', 'a');
    const answer = await list('configmaps', 'default');
    expect(answer).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList', continue: '' });
    expect(answer.remainingItemCount).toBeUndefined();
    expect(namesOf(answer.items)).toEqual(['10', '9', 'a', 'a-b', 'b']);
    expect(BigInt(answer.resourceVersion)).toBe(await memory.store.revision());
  });

  test('of one namespace or of all', async () => {
    await call.create('namespaces', '', { metadata: { name: 'other' } });
    await makeMaps('a');
    await call.create('configmaps', 'other', configMap('b'));
    expect(await call.names('configmaps', '')).toEqual(['a', 'b']);
    expect(await call.names('configmaps', 'other')).toEqual(['b']);
    expect(await call.names('configmaps', '', { fieldSelector: 'metadata.namespace=other' })).toEqual(['b']);
  });

  test('by labels and fields', async () => {
    const labelled = (name: string, app: string) => ({ ...pod(name), metadata: { name, labels: { app } } });
    await call.create('pods', 'default', labelled('a', 'web'));
    await call.create('pods', 'default', labelled('b', 'db'));
    await call.create('pods', 'default', { ...pod('c', { nodeName: 'n1' }) });
    expect(await call.names('pods', 'default', { labelSelector: 'app in (web)' })).toEqual(['a']);
    expect(await call.names('pods', 'default', { labelSelector: '!app' })).toEqual(['c']);
    expect(await call.names('pods', 'default', { fieldSelector: 'spec.nodeName=n1' })).toEqual(['c']);
    expect(await call.names('pods', '', { fieldSelector: 'spec.nodeName=' })).toEqual(['a', 'b']);
    expect(await call.names('pods', 'default', { fieldSelector: 'metadata.name=a' })).toEqual(['a']);
    expect(await call.names('pods', 'default', { fieldSelector: 'status.phase!=Pending' })).toEqual([]);
  });

  test.each<[string, string, Partial<ListOptions>, object]>([
    [
      'a field that pods cannot be selected by',
      'pods',
      { fieldSelector: 'spec.image=x' },
      { code: 400, message: 'field label not supported: spec.image' },
    ],
    [
      'a field of a kind that has none',
      'configmaps',
      { fieldSelector: 'data.a=1' },
      {
        code: 400,
        message: '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
      },
    ],
    ['a malformed label selector', 'pods', { labelSelector: 'a in b' }, { code: 400, reason: 'BadRequest' }],
    ['a malformed version', 'pods', { resourceVersion: 'abc' }, { code: 400, reason: 'BadRequest' }],
    [
      'a version that is not there yet',
      'pods',
      { resourceVersion: '999999', resourceVersionMatch: 'Exact' },
      { code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    ],
    [
      'a token made for another collection',
      'pods',
      { continue: encodeContinue('/registry/core/configmaps/default/a', 5n) },
      { code: 400, message: expect.stringContaining('continue key is not valid') },
    ],
  ])('refuses %s', async (_, of, options, expected) => {
    expect(await statusOf(list(of, 'default', options))).toMatchObject(expected);
  });

  test.each([
    ['a!!', 'illegal base64 data at input byte 1'],
    ['abcde', 'illegal base64 data at input byte 4'],
    ['abc', "invalid character 'i' looking for beginning of value"],
    ['W10', 'json: cannot unmarshal array into Go value of type storage.continueToken'],
    [
      Buffer.from('{"v":5}').toString('base64url'),
      'json: cannot unmarshal number into Go struct field continueToken.v of type string',
    ],
    [
      Buffer.from('{"v":"meta.k8s.io/v1","rv":"x","start":"a"}').toString('base64url'),
      'json: cannot unmarshal string into Go struct field continueToken.rv of type int64',
    ],
  ])('refuses the continue token %s: %s', async (token, why) => {
    const message = `invalid continue token: continue key is not valid: ${why}`;
    expect(await statusOf(list('pods', 'default', { continue: token }))).toMatchObject({ code: 400, message });
  });

  test('pages are of one snapshot, whatever is written between them', async () => {
    await makeMaps('a', 'b', 'c', 'd', 'e');
    const first = await list('configmaps', 'default', { limit: 2 });
    expect(namesOf(first.items)).toEqual(['a', 'b']);
    expect(first.remainingItemCount).toBe(3);
    await call.remove('configmaps', 'default', 'c');
    await call.patch('configmaps', 'default', 'd', 'merge', { data: { a: 'new' } });
    await makeMaps('cc');
    const second = await list('configmaps', 'default', { limit: 2, continue: first.continue });
    expect(namesOf(second.items)).toEqual(['c', 'd']);
    expect(JSON.parse([...second.items][1] ?? '').data).toEqual({ a: '1' });
    expect(second).toMatchObject({ resourceVersion: first.resourceVersion, remainingItemCount: 1 });
    const third = await list('configmaps', 'default', { limit: 2, continue: second.continue });
    expect(namesOf(third.items)).toEqual(['e']);
    expect(third).toMatchObject({ continue: '', remainingItemCount: undefined });
  });

  test('pages with selectors say nothing of what remains', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await call.create('configmaps', 'default', { metadata: { name, labels: { odd: String(name < 'c') } } });
    }
    const first = await list('configmaps', 'default', { limit: 1, labelSelector: 'odd=true' });
    expect(namesOf(first.items)).toEqual(['a']);
    expect(first.remainingItemCount).toBeUndefined();
    const second = await list('configmaps', 'default', {
      limit: 1,
      labelSelector: 'odd=true',
      continue: first.continue,
    });
    expect(namesOf(second.items)).toEqual(['b']);
  });

  test('a token whose snapshot is gone answers 410 with one that goes on from now', async () => {
    await makeMaps('a', 'b', 'c');
    const first = await list('configmaps', 'default', { limit: 1 });
    await makeMaps('d');
    await memory.store.compact(await memory.store.revision());
    const refused = await statusOf(list('configmaps', 'default', { limit: 1, continue: first.continue }));
    expect(refused).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringContaining(
        'The provided continue parameter is too old to display a consistent list result.',
      ),
    });
    const token = refused.metadata.continue ?? '';
    const rest = await list('configmaps', 'default', { continue: token });
    expect(namesOf(rest.items)).toEqual(['b', 'c', 'd']);
  });

  test('an exact version that is gone answers 410', async () => {
    await makeMaps('a');
    const { resourceVersion } = await list('configmaps', 'default');
    await makeMaps('b');
    const exact = () => list('configmaps', 'default', { resourceVersion, resourceVersionMatch: 'Exact' });
    expect(namesOf((await exact()).items)).toEqual(['a']);
    await memory.store.compact(await memory.store.revision());
    expect(await statusOf(exact())).toMatchObject({
      code: 410,
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  test('a limit with a version means exactly that version, except for 0', async () => {
    await makeMaps('a');
    const { resourceVersion } = await list('configmaps', 'default');
    await makeMaps('b');
    expect(namesOf((await list('configmaps', 'default', { resourceVersion, limit: 5 })).items)).toEqual(['a']);
    const any = await list('configmaps', 'default', { resourceVersion: '0', limit: 1 });
    expect(any.continue).toBe('');
    const newer = await list('configmaps', 'default', { resourceVersion, resourceVersionMatch: 'NotOlderThan' });
    expect(namesOf(newer.items)).toContain('a');
  });

  test('a version the cache cannot reach in time is a timeout', async () => {
    const waiting = statusOf(list('configmaps', 'default', { resourceVersion: '999999' }));
    await Promise.resolve();
    memory.clock.step(3_001);
    expect(await waiting).toMatchObject({ code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
  });
});

describe('continue tokens', () => {
  const prefix = '/registry/core/pods/';
  const token = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64url');

  test('go there and back', () => {
    const encoded = encodeContinue(`${prefix}default/web`, 12n);
    expect(JSON.parse(Buffer.from(encoded, 'base64url').toString())).toEqual({
      v: 'meta.k8s.io/v1',
      rv: 12,
      start: 'core/pods/default/web\u0000',
    });
    expect(decodeContinue(encoded, prefix)).toEqual({ after: `${prefix}default/web`, revision: 12n });
    const big = 2n ** 63n - 1n;
    expect(decodeContinue(encodeContinue(`${prefix}a/b`, big), prefix).revision).toBe(big);
    expect(decodeContinue(encodeContinue(`${prefix}a/b`, undefined), prefix).revision).toBeUndefined();
  });

  test.each([
    ['another version', { v: 'v0', rv: 1, start: 'core/pods/a\u0000' }],
    ['revision 0', { v: 'meta.k8s.io/v1', rv: 0, start: 'core/pods/a\u0000' }],
    ['no revision', { v: 'meta.k8s.io/v1', start: 'core/pods/a\u0000' }],
    ['no start', { v: 'meta.k8s.io/v1', rv: 1, start: '' }],
    ['a start that climbs', { v: 'meta.k8s.io/v1', rv: 1, start: 'core/pods/../secrets/a\u0000' }],
    ['a fraction', { v: 'meta.k8s.io/v1', rv: 1.5, start: 'core/pods/a\u0000' }],
  ])('refuse %s', (_, fields) => {
    expect(() => decodeContinue(token(fields), prefix)).toThrow(/^invalid continue token: continue key is not valid/);
  });
});

describe('get', () => {
  test('reads what was written, or any version', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'));
    const read = (resourceVersion: string) =>
      memory.registry.get(testContext(), target('configmaps', 'default', 'c'), { resourceVersion });
    expect(JSON.parse((await read('')).text)).toEqual(made);
    const { resourceVersion } = made.metadata as { resourceVersion: string };
    expect(JSON.parse((await read(resourceVersion)).text)).toEqual(made);
    expect(JSON.parse((await read('0')).text)).toEqual(made);
    expect(await statusOf(read('x'))).toMatchObject({ code: 400 });
  });
});
