import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { grpcAddressOf, readConnection } from './read.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-kubeconfig-'));
});
afterAll(() => rm(dir, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function file(name: string, content: object | string): Promise<string> {
  const path = join(dir, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const one = {
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': base64('CA') } }],
  users: [{ name: 'u', user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
  'current-context': 'x',
};

test('a file alone', async () => {
  expect(await readConnection([await file('one', one)], undefined)).toEqual({
    address: '10.0.0.1:7443',
    namespace: 'team',
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
    token: undefined,
  });
});

test('JSON as YAML', async () => {
  const connection = await readConnection([await file('json', JSON.stringify(one))], undefined);
  expect(connection).toEqual(await readConnection([await file('yaml', one)], undefined));
});

test('of several files the first to define a name wins, and a context may join parts of several', async () => {
  const first = await file('first', { users: [{ name: 'u', user: { token: 'mine' } }] });
  const second = await file('second', { ...one, 'current-context': 'x' });
  const connection = await readConnection([first, second], undefined);
  expect(connection).toMatchObject({ address: '10.0.0.1:7443', token: 'mine', cert: undefined });
});

test('--context goes before current-context', async () => {
  const path = await file('two', {
    ...one,
    contexts: [...one.contexts, { name: 'y', context: { cluster: 'c', user: 'u' } }],
  });
  expect((await readConnection([path], 'y')).namespace).toBe('default');
});

test('paths in a file are relative to it', async () => {
  await file('deep/ca.crt', 'CA FILE');
  await file('deep/token', ' secret\n');
  const path = await file('deep/config', {
    clusters: [{ name: 'c', cluster: { server: 'https://h:6443', 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  expect(await readConnection([path], undefined)).toMatchObject({ ca: 'CA FILE', token: 'secret' });
});

test.each([
  ['', 'no current-context; name one with --context'],
  [{ 'current-context': 'gone' }, 'the kubeconfig has no context named "gone"'],
  [{ ...one, clusters: [] }, 'the kubeconfig has no cluster named "c"'],
  [{ ...one, users: [] }, 'the kubeconfig has no user named "u"'],
  ['a: [', 'bad: '],
])('%j: %s', async (content, fault) => {
  await expect(readConnection([await file('bad', content)], undefined)).rejects.toThrow(fault);
});

test('a file that is not there is named', async () => {
  await expect(readConnection([join(dir, 'nowhere')], undefined)).rejects.toThrow('nowhere: ENOENT');
});

test('the gRPC door is where the extension says, else on the REST door’s host', () => {
  const extensions = [{ name: 'skiff.io/grpc', extension: { address: 'h:1' } }];
  expect(grpcAddressOf({ server: 'https://a:6443', extensions })).toBe('h:1');
  expect(grpcAddressOf({ server: 'https://a:6443' })).toBe('a:7443');
  expect(grpcAddressOf({ server: 'https://[::1]:6443' })).toBe('[::1]:7443');
  expect(() => grpcAddressOf({})).toThrow('names no server');
});

test.each([
  ['a text', 'hello', 'it is no kubeconfig'],
  ['a list', '[]', 'it is no kubeconfig'],
  ['clusters of a number', 'clusters: 5', 'its clusters are no list of named clusters'],
  ['a context that is none', 'contexts: [null]\ncurrent-context: x', 'its contexts are no list of named contexts'],
  ['a user without a user', 'users: [{name: u}]', 'its users are no list of named users'],
  ['brackets without end', '['.repeat(1000), 'garbage: '],
])('a file of %s is named', async (_, text, fault) => {
  const path = await file('garbage', text);
  await expect(readConnection([path], undefined)).rejects.toThrow(fault);
  await expect(readConnection([path], undefined)).rejects.toThrow(path);
});

test('an empty file names nothing', async () => {
  await expect(readConnection([await file('empty', '')], undefined)).rejects.toThrow('no current-context');
});
