/** Watches: where they start, what they show, and in which order. */
import { expect } from 'vitest';
import { create, list, merge, remove } from './support/rest.ts';
import { test } from './support/test.ts';
import { brief, watch } from './support/watch.ts';

const configMaps = (ns: string): string => `/api/v1/namespaces/${ns}/configmaps`;
const ours = 'metadata.name!=kube-root-ca.crt';
const withoutRootCa = `fieldSelector=${encodeURIComponent(ours)}`;

test('C088 a watch that goes on at the version last seen loses and repeats nothing', async ({ ns }) => {
  const path = configMaps(ns);
  const { metadata } = await list(path);
  const first = await watch(path, `${withoutRootCa}&resourceVersion=${metadata.resourceVersion}`);
  await create(path, { metadata: { name: 'a' } });
  await merge(`${path}/a`, { data: { turn: '1' } });
  const seen = await first.take(2);
  first.close();
  await merge(`${path}/a`, { data: { turn: '2' } });
  await remove(`${path}/a`);
  const last = seen[1]?.object.metadata.resourceVersion;
  const second = await watch(path, `${withoutRootCa}&resourceVersion=${last}`);
  const rest = await second.take(2);
  second.close();
  expect([...seen, ...rest].map(brief)).toEqual(['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a']);
  expect(rest[0]?.object.data).toEqual({ turn: '2' });
});

test('C089 a watch from an older version replays what came after it, and nothing before', async ({ ns }) => {
  const path = configMaps(ns);
  await create(path, { metadata: { name: 'before' } });
  const { metadata } = await create(path, { metadata: { name: 'start' } });
  await merge(`${path}/start`, { data: { turn: '1' } });
  await create(path, { metadata: { name: 'after' } });
  await remove(`${path}/before`);
  const replay = await watch(path, `${withoutRootCa}&resourceVersion=${metadata.resourceVersion}`);
  expect((await replay.take(3)).map(brief)).toEqual(['MODIFIED start', 'ADDED after', 'DELETED before']);
  replay.close();
});

test('C090 each watch with a label selector sees the changes of its own objects only', async ({ ns }) => {
  const path = configMaps(ns);
  const selectors = ['team%3Da', 'team%3Db', 'team+in+(a,b)'];
  const watches = await Promise.all(selectors.map((selector) => watch(path, `labelSelector=${selector}`)));
  for (const team of ['a', 'b']) {
    await create(path, { metadata: { name: team, labels: { team } } });
    await merge(`${path}/${team}`, { data: { turn: '1' } });
    await remove(`${path}/${team}`);
  }
  const life = (name: string): string[] => [`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`];
  const [a, b, both] = await Promise.all(watches.map((each, index) => each.take(index === 2 ? 6 : 3)));
  expect(a?.map(brief)).toEqual(life('a'));
  expect(b?.map(brief)).toEqual(life('b'));
  expect(both?.map(brief)).toEqual([...life('a'), ...life('b')]);
  for (const each of watches) each.close();
});

test('C091 leaving a selector shows as DELETED and coming back as ADDED', async ({ ns }) => {
  const path = configMaps(ns);
  const seen = await watch(path, 'labelSelector=shown%3Dyes');
  await create(path, { metadata: { name: 'a', labels: { shown: 'yes' } } });
  await merge(`${path}/a`, { metadata: { labels: { shown: 'no' } } });
  await merge(`${path}/a`, { data: { unseen: 'yes' } });
  await merge(`${path}/a`, { metadata: { labels: { shown: 'yes' } } });
  await merge(`${path}/a`, { data: { turn: '1' } });
  await remove(`${path}/a`);
  const events = await seen.take(5);
  expect(events.map(brief)).toEqual(['ADDED a', 'DELETED a', 'ADDED a', 'MODIFIED a', 'DELETED a']);
  expect(events[1]?.object.metadata.labels).toEqual({ shown: 'yes' });
  expect(events[2]?.object.data).toEqual({ unseen: 'yes' });
  seen.close();
});

test('C092 watches that start at many versions of a busy collection agree on one order', async ({ ns }) => {
  const path = configMaps(ns);
  let busy = true;
  const writer = async (name: string): Promise<void> => {
    for (let turn = 0; busy; turn += 1) {
      await create(path, { metadata: { name } });
      await merge(`${path}/${name}`, { data: { turn: String(turn) } });
      await remove(`${path}/${name}`);
    }
  };
  const first = await watch(path, `${withoutRootCa}&resourceVersion=${(await list(path)).metadata.resourceVersion}`);
  const writers = ['a', 'b', 'c'].map(writer);
  const versions = (await first.take(20)).map(({ object }) => object.metadata.resourceVersion);
  const watches = await Promise.all(
    versions.map((version) => watch(path, `${withoutRootCa}&resourceVersion=${version}`)),
  );
  const tails = await Promise.all(watches.map((each) => each.take(30)));
  await first.take(30);
  busy = false;
  await Promise.all(writers);
  const lines = first.events.map((event) => `${brief(event)} ${event.object.metadata.resourceVersion}`);
  tails.forEach((tail, index) => {
    const from = index + 1;
    const seen = tail.map((event) => `${brief(event)} ${event.object.metadata.resourceVersion}`);
    expect(seen, `the watch from version ${versions[index]}`).toEqual(lines.slice(from, from + 30));
  });
  for (const each of [first, ...watches]) each.close();
});
