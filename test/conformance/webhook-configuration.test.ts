/** Webhook configurations: their rules and conditions as they are written, and what follows when they change. */
import { expect } from 'vitest';
import { create, get, list, merge, refused, remove, replace } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { test, unique } from './support/test.ts';
import {
  allowed,
  configurations,
  configured,
  denied,
  exists,
  hook,
  isMarked,
  isPlain,
  isRefused,
  judging,
  mark,
  rule,
  type Sort,
  takesEffect,
  withWebhook,
} from './support/webhook.ts';

/** Ten configurations by one label: their effect holds until they are deleted at once. */
const inBulk = (sort: Sort, ns: string, acts: (made: Thing | undefined) => boolean, rests: typeof acts) =>
  withWebhook(
    judging(() => (sort === 'mutating' ? mark('first') : denied)),
    async (webhook) => {
      const label = unique('bulk');
      for (let index = 0; index < 10; index += 1)
        await create(configurations(sort), {
          metadata: { name: `${label}-${index}`, labels: { conformance: label } },
          webhooks: [hook(webhook, ns)],
        });
      const selected = `${configurations(sort)}?labelSelector=conformance%3D${label}`;
      expect((await list(selected)).items).toHaveLength(10);
      await takesEffect('the webhooks to act', ns, acts);
      await remove(selected);
      expect((await list(selected)).items).toHaveLength(0);
      await takesEffect('the webhooks to rest', ns, rests);
    },
  );

test('C003 ten mutating webhooks are listed and deleted by label, and objects change only while they exist', ({ ns }) =>
  inBulk('mutating', ns, isMarked, isPlain));

test('C004 ten validating webhooks are listed and deleted by label, and refuse only while they exist', ({ ns }) =>
  inBulk('validating', ns, isRefused, exists));

const followsRules = (sort: Sort, ns: string, acts: (made: Thing | undefined) => boolean, rests: typeof acts) =>
  withWebhook(
    judging(() => (sort === 'mutating' ? mark('first') : denied)),
    (webhook) =>
      configured(sort, [hook(webhook, ns)], async (path) => {
        await takesEffect('the webhook to act', ns, acts);
        const now = await get(path);
        await replace(path, { ...now, webhooks: [hook(webhook, ns, { rules: [rule(['configmaps'], ['UPDATE'])] })] });
        await takesEffect('the webhook to rest', ns, rests);
        await merge(path, { webhooks: [hook(webhook, ns, { rules: [rule(['configmaps'], ['CREATE'])] })] });
        await takesEffect('the webhook to act again', ns, acts);
      }),
  );

test('C005 a mutating webhook follows its rules as they lose CREATE by update and regain it by patch', ({ ns }) =>
  followsRules('mutating', ns, isMarked, isPlain));

test('C006 a validating webhook follows its rules as they lose CREATE by update and regain it by patch', ({ ns }) =>
  followsRules('validating', ns, isRefused, exists));

const conditionsOf = (configuration: Thing): unknown =>
  (configuration.webhooks as Record<string, unknown>[])[0]?.matchConditions;

const keepsConditions = (sort: Sort, ns: string) =>
  withWebhook(
    judging(() => allowed),
    async (webhook) => {
      const first = [{ name: 'not-leases', expression: "request.resource.group != 'coordination.k8s.io'" }];
      const second = [...first, { name: 'named', expression: "object.metadata.name == 'a'" }];
      await configured(sort, [hook(webhook, ns, { matchConditions: first })], async (path) => {
        expect(conditionsOf(await get(path))).toEqual(first);
        const now = await get(path);
        await replace(path, { ...now, webhooks: [hook(webhook, ns, { matchConditions: second })] });
        expect(conditionsOf(await get(path))).toEqual(second);
      });
    },
  );

test('C007 a mutating configuration keeps its match conditions', ({ ns }) => keepsConditions('mutating', ns));

test('C008 a validating configuration keeps its match conditions', ({ ns }) => keepsConditions('validating', ns));

const refusesBrokenCel = async (sort: Sort): Promise<void> => {
  const webhooks = [
    {
      name: 'broken.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [rule(['configmaps'])],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      matchConditions: [{ name: 'broken', expression: '... [' }],
    },
  ];
  const status = await refused('POST', configurations(sort), {
    body: { metadata: { name: unique('broken') }, webhooks },
  });
  expect(status).toMatchObject({ reason: 'Invalid', code: 422 });
  expect(status.message).toContain('compilation failed');
};

test('C022 a mutating configuration with CEL that does not compile is refused', () => refusesBrokenCel('mutating'));

test('C023 a validating configuration with CEL that does not compile is refused', () => refusesBrokenCel('validating'));
