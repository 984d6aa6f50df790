import { realClock } from '@skiff/api';
import { expect, test } from 'vitest';
import { createSeededRandom, silentLogger } from '../registry/testing.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from './cache.ts';
import type { Facts } from './contract.ts';
import { ExpectedWrites } from './expected.ts';
import { everything, pod, podKey } from './testing/watcher.ts';

const facts: Facts = { namespace: 'default', name: 'a', labels: {}, fields: {} };

const text = '{"kind":"Pöd","metadata":{"name":"a"}}';
const bytes = Buffer.from(text);

test('what is known is handed over once, and only for the very bytes', () => {
  const expected = new ExpectedWrites();
  expected.add('a', { text, bytes }, facts);
  const known = expected.take('a', bytes);
  expect(known?.facts).toBe(facts);
  expect(String(bytes.subarray(known?.metadataAt))).toBe('"name":"a"}}');
  expect(expected.take('a', bytes)).toBeUndefined();
  expected.add('a', { text, bytes }, facts);
  expect(expected.take('a', Buffer.from('{"metadata":{"name":"a"}}'))).toBeUndefined();
  expect(expected.take('a', bytes)).toBeUndefined();
});

test('what never comes is forgotten, oldest first', () => {
  const expected = new ExpectedWrites();
  for (let index = 0; index <= 1000; index += 1) expected.add(String(index), { text, bytes }, facts);
  expect(expected.take('0', bytes)).toBeUndefined();
  expect(expected.take('1', bytes)?.facts).toBe(facts);
});

test('an event is selected by what was announced of it, or by its own text', async () => {
  const store = createMemoryStore();
  const cache = createWatchCache({ store, clock: realClock, random: createSeededRandom(1), logger: silentLogger });
  let described = 0;
  const pods = cache.collection('core/pods', () => {
    described += 1;
    return {};
  });
  await cache.synced();
  const [own, other] = [
    pod('default', 'own', { labels: { app: 'x' } }),
    pod('default', 'other', { labels: { app: 'x' } }),
  ];
  pods.expect(
    podKey('default', 'own'),
    { text: own, bytes: Buffer.from(own) },
    JSON.parse(own) as Record<string, unknown>,
  );
  expect(described).toBe(1);
  await store.create(podKey('default', 'own'), own);
  const version = await store.create(podKey('default', 'other'), other);
  await cache.reaches(version, 5000);
  expect(described).toBe(2);
  const { documents } = pods.list({ ...everything, matches: ({ labels }) => labels.app === 'x' });
  expect(documents.map((each) => each.facts.name)).toEqual(['other', 'own']);
  await cache.close();
  await store.close();
});
