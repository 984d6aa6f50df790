/** Lists in chunks, and the forms that a list can be asked for. */
import { expect } from 'vitest';
import { compact } from './support/etcd.ts';
import { ask, create, list, refused, remove } from './support/rest.ts';
import type { List } from './support/shapes.ts';
import { test } from './support/test.ts';

// One after the other: the second forgets the history that the first one reads.
test('C081 chunks have the asked size, count what remains, and stay at one version', { concurrent: false }, async ({
  ns,
}) => {
  const path = `/api/v1/namespaces/${ns}/podtemplates`;
  const names = await createMany(path, 45);
  const pages: List[] = [];
  let token: string | undefined = '';
  while (token !== undefined) {
    const page: List = await list(`${path}?limit=17&continue=${encodeURIComponent(token)}`);
    pages.push(page);
    token = page.metadata.continue;
    if (pages.length === 1) {
      await remove(`${path}/${names.at(-1)}`);
      await create(path, template('zz-late'));
    }
  }
  expect(pages.map(({ items }) => items.length)).toEqual([17, 17, 11]);
  expect(pages.map(({ metadata }) => metadata.remainingItemCount)).toEqual([28, 11, undefined]);
  expect(new Set(pages.map(({ metadata }) => metadata.resourceVersion)).size).toBe(1);
  expect(pages.flatMap(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual(names);
  expect((await list(path)).items).toHaveLength(45);
});

test('C082 H-048 a token that compaction made stale is Expired, and brings one that goes on', {
  concurrent: false,
}, async ({ ns }) => {
  const path = `/api/v1/namespaces/${ns}/podtemplates`;
  const names = await createMany(path, 9);
  const first = await list(`${path}?limit=4`);
  const later = await create(path, template('zz-late'));
  await compact(later.metadata.resourceVersion);
  const status = await refused('GET', `${path}?continue=${encodeURIComponent(first.metadata.continue ?? '')}`);
  expect(status).toMatchObject({ reason: 'Expired', code: 410 });
  const rest = await list(`${path}?continue=${encodeURIComponent(status.metadata.continue ?? '')}`);
  expect(rest.items.map(({ metadata }) => metadata.name)).toEqual([...names.slice(4), 'zz-late']);
});

test('C083 a review has no Table form: 406', async () => {
  const answer = await ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    },
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  expect(answer.status).toBe(406);
  expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', reason: 'NotAcceptable', code: 406 });
});

const template = (name: string): object => ({
  metadata: { name },
  template: { metadata: { labels: { name } }, spec: { containers: [{ name: 'main', image: 'skiff/busybox:1' }] } },
});

async function createMany(path: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `template-${String(index).padStart(3, '0')}`);
  await Promise.all(names.map((name) => create(path, template(name))));
  return names;
}
