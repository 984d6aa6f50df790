/** What webhooks change, and what becomes of it. */
import { expect } from 'vitest';
import { createKind, definitionOf, definitionPath, kindOf, objectOf, objectsOf } from './support/custom-kind.ts';
import { create, get, merge, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';
import {
  configurations,
  configured,
  container,
  core,
  denied,
  hook,
  isMarked,
  isRefused,
  judging,
  mark,
  patched,
  rule,
  takesEffect,
  withWebhook,
} from './support/webhook.ts';

test('C015 a later mutating webhook sees what an earlier one did', async ({ ns }) => {
  const judge = ({ object }: { object: Thing }): object =>
    object.data?.first === 'yes' ? patched({ op: 'add', path: '/data/second', value: 'yes' }) : mark('first');
  await withWebhook(judging(judge), (webhook) =>
    configured('mutating', [hook(webhook, ns), hook(webhook, ns, { name: 'later.example.com' })], async () => {
      await takesEffect('both webhooks', ns, isMarked);
      const made = await create(`${core(ns)}/configmaps`, { metadata: { name: 'a' } });
      expect(made.data).toEqual({ first: 'yes', second: 'yes' });
    }),
  );
});

const specSchema = (properties: object): object => ({
  type: 'object',
  properties: { spec: { type: 'object', properties } },
});

test('C016 the patch of a mutating webhook is stored in a custom object', async ({ ns }) => {
  const kind = kindOf();
  await createKind(kind);
  await withWebhook(
    judging(() => patched({ op: 'add', path: '/spec', value: { by: 'webhook' } })),
    (webhook) =>
      configured(
        'mutating',
        [hook(webhook, ns, { rules: [rule([kind.plural], ['CREATE'], kind.group)] })],
        async () => {
          const path = objectsOf(kind, ns);
          await eventually(
            'the webhook',
            async () => (await create(`${path}?dryRun=All`, objectOf(kind, unique('p')))).spec?.by === 'webhook',
          );
          await create(path, objectOf(kind, 'a'));
          expect((await get(`${path}/a`)).spec).toEqual({ by: 'webhook' });
        },
      ),
  );
  await remove(definitionPath(kind));
});

test('C018 fields that a webhook adds to a custom object are pruned unless the schema has them', async ({ ns }) => {
  const kind = kindOf({ versions: [{ name: 'v1', schema: specSchema({ known: { type: 'string' } }) }] });
  await createKind(kind);
  const value = { known: 'yes', unknown: 'yes' };
  await withWebhook(
    judging(() => patched({ op: 'add', path: '/spec', value })),
    (webhook) =>
      configured(
        'mutating',
        [hook(webhook, ns, { rules: [rule([kind.plural], ['CREATE'], kind.group)] })],
        async () => {
          const path = objectsOf(kind, ns);
          await eventually(
            'the webhook',
            async () => (await create(`${path}?dryRun=All`, objectOf(kind, unique('p')))).spec?.known === 'yes',
          );
          await create(path, objectOf(kind, 'a'));
          expect((await get(`${path}/a`)).spec).toEqual({ known: 'yes' });
        },
      ),
  );
  await remove(definitionPath(kind));
});

test('C017 an older custom object is patched through a mutating webhook after the storage version moved', async ({
  ns,
}) => {
  const kind = kindOf({ versions: [{ name: 'v1' }, { name: 'v2' }] });
  await createKind(kind);
  await create(objectsOf(kind, ns), objectOf(kind, 'old', { spec: { size: 1 } }));
  const moved = definitionOf({
    ...kind,
    versions: [
      { name: 'v1', storage: false },
      { name: 'v2', storage: true },
    ],
  });
  await merge(definitionPath(kind), { spec: { versions: (moved.spec as { versions: object[] }).versions } });
  const mutate = patched({ op: 'add', path: '/spec/by', value: 'webhook' });
  await withWebhook(
    judging(() => mutate),
    (webhook) =>
      configured('mutating', [hook(webhook, ns, { rules: [rule([kind.plural], ['UPDATE'], kind.group)] })], () =>
        eventually('the patched object', async () => {
          const made = await merge(`${objectsOf(kind, ns)}/old`, { spec: { size: 2, turn: unique('t') } });
          expect(made.spec).toMatchObject({ size: 2, by: 'webhook' });
          return true;
        }).then(() => {}),
      ),
  );
  await remove(definitionPath(kind));
});

test('C019 a match condition exempts one ConfigMap from mutation', async ({ ns }) => {
  const matchConditions = [{ name: 'not-skipped', expression: "object.metadata.name != 'skipped'" }];
  await withWebhook(
    judging(() => mark('first')),
    (webhook) =>
      configured('mutating', [hook(webhook, ns, { matchConditions })], async () => {
        await takesEffect('the webhook', ns, isMarked);
        expect(await create(`${core(ns)}/configmaps`, { metadata: { name: 'skipped' } })).not.toHaveProperty('data');
        expect((await create(`${core(ns)}/configmaps`, { metadata: { name: 'other' } })).data).toEqual({
          first: 'yes',
        });
      }),
  );
});

test('C020 what a mutating webhook adds gets its defaults', async ({ ns }) => {
  const value = [{ name: 'before', image: 'skiff/busybox:1' }];
  await withWebhook(
    judging(() => patched({ op: 'add', path: '/spec/initContainers', value })),
    (webhook) =>
      configured('mutating', [hook(webhook, ns, { rules: [rule(['pods'], ['CREATE'])] })], () =>
        eventually('the init container', async () => {
          const { spec } = await create(`${core(ns)}/pods?dryRun=All`, {
            metadata: { name: 'p' },
            spec: { containers: [container] },
          });
          expect(spec.initContainers).toMatchObject([
            { name: 'before', terminationMessagePolicy: 'File', terminationMessagePath: '/dev/termination-log' },
          ]);
          return true;
        }).then(() => {}),
      ),
  );
});

test('C021 webhook configurations themselves are out of reach of webhooks', async ({ ns }) => {
  const everything = { rules: [rule(['*'], ['*'], 'admissionregistration.k8s.io')], namespaceSelector: {} };
  const label = patched({ op: 'add', path: '/metadata/labels', value: { changed: 'yes' } });
  await withWebhook(
    judging(({ operation, object }) => (operation === 'DELETE' || object.kind === 'ConfigMap' ? denied : label)),
    (webhook) =>
      configured('mutating', [hook(webhook, ns, everything)], () =>
        configured(
          'validating',
          [hook(webhook, ns, everything), hook(webhook, ns, { name: 'seen.example.com' })],
          async (path) => {
            await takesEffect('the configurations', ns, isRefused);
            const name = unique('target');
            const webhooks = [hook(webhook, 'none')];
            const made = await create(configurations('mutating'), { metadata: { name }, webhooks });
            expect(made.metadata.labels).toBeUndefined();
            expect((await get(path)).metadata.labels).toBeUndefined();
            await remove(`${configurations('mutating')}/${name}`);
          },
        ),
      ),
  );
});
