/** Admission webhooks: what they change, what they refuse, when they are asked, and what happens when they are slow or gone. */
import { expect } from 'vitest';
import {
  createKind,
  definitionOf,
  definitionPath,
  definitions,
  kindOf,
  objectOf,
  objectsOf,
} from './support/custom-kind.ts';
import { absent, create, get, list, merge, must, refused, remove, replace } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';
import {
  allowed,
  configurations,
  configured,
  denied,
  hook,
  judging,
  patched,
  rule,
  type Sort,
  takesEffect,
  type Webhook,
} from './support/webhook.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const container = { name: 'main', image: 'skiff/busybox:1' };
const mark = (key: string): object => patched({ op: 'add', path: '/data', value: { [key]: 'yes' } });
const isMarked = (made: Thing | undefined): boolean => made?.data?.first === 'yes';
const isPlain = (made: Thing | undefined): boolean => made !== undefined && made.data === undefined;
const isRefused = (made: Thing | undefined): boolean => made === undefined;
const exists = (made: Thing | undefined): boolean => made !== undefined;

async function withWebhook(webhook: Promise<Webhook>, use: (webhook: Webhook) => Promise<void>): Promise<void> {
  const started = await webhook;
  try {
    await use(started);
  } finally {
    started.close();
  }
}

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

test('C010 a webhook refuses create, update and delete of custom objects', async ({ ns }) => {
  const kind = kindOf();
  await createKind(kind);
  const path = objectsOf(kind, ns);
  await create(path, objectOf(kind, 'old'));
  const rules = [rule([kind.plural], ['CREATE', 'UPDATE', 'DELETE'], kind.group)];
  await withWebhook(
    judging(() => denied),
    (webhook) =>
      configured('validating', [hook(webhook, ns, { rules })], async () => {
        const attempt = () => refused('POST', `${path}?dryRun=All`, { body: objectOf(kind, unique('new')) });
        expect((await eventually('a refusal', attempt)).message).toContain('denied the request: not in this house');
        const headers = { 'content-type': 'application/merge-patch+json' };
        await refused('PATCH', `${path}/old`, { body: { spec: { a: 1 } }, headers });
        await refused('DELETE', `${path}/old`);
      }),
  );
  await remove(definitionPath(kind));
});

test('C011 a webhook refuses pods and ConfigMaps, a hanging one refuses by timeout, and an exempt namespace is free', async ({
  ns,
}) => {
  const isBad = ({ metadata }: Thing): boolean => metadata.annotations?.bad === 'yes';
  const judge = ({ object }: { object: Thing }): object | Promise<object> =>
    object.metadata.name === 'hangs' ? new Promise<object>(() => {}) : isBad(object) ? denied : allowed;
  await create(`${core(ns)}/configmaps`, { metadata: { name: 'good' } });
  await withWebhook(judging(judge), (webhook) =>
    configured(
      'validating',
      [hook(webhook, ns, { timeoutSeconds: 2, rules: [rule(['configmaps', 'pods'], ['CREATE', 'UPDATE'])] })],
      async () => {
        const bad = { metadata: { name: 'bad', annotations: { bad: 'yes' } } };
        await eventually('a refusal', () => refused('POST', `${core(ns)}/configmaps?dryRun=All`, { body: bad }));
        await refused('POST', `${core(ns)}/pods`, { body: { ...bad, spec: { containers: [container] } } });
        const good = await get(`${core(ns)}/configmaps/good`);
        await refused('PUT', `${core(ns)}/configmaps/good`, {
          body: { ...good, metadata: { ...good.metadata, ...bad.metadata, name: 'good' } },
        });
        const headers = { 'content-type': 'application/merge-patch+json' };
        await refused('PATCH', `${core(ns)}/configmaps/good`, {
          body: { metadata: { annotations: { bad: 'yes' } } },
          headers,
        });
        const late = await refused('POST', `${core(ns)}/configmaps`, { body: { metadata: { name: 'hangs' } } });
        expect(late.message).toMatch(/deadline exceeded|timeout/i);
        const free = await create('/api/v1/namespaces/default/configmaps?dryRun=All', {
          metadata: { ...bad.metadata, name: unique('bad') },
        });
        expect(free.kind).toBe('ConfigMap');
      },
    ),
  );
});

test('C012 a webhook refuses a CustomResourceDefinition', async () => {
  const kind = kindOf();
  const name = `${kind.plural}.${kind.group}`;
  const label = { 'conformance-refused': kind.group };
  const body = { ...definitionOf(kind), metadata: { name, labels: label } };
  const webhooks = (webhook: Webhook): object[] => [
    {
      ...hook(webhook, '', { rules: [rule(['customresourcedefinitions'], ['CREATE'], 'apiextensions.k8s.io')] }),
      namespaceSelector: {},
      objectSelector: { matchLabels: label },
    },
  ];
  await withWebhook(
    judging(() => denied),
    (webhook) =>
      configured('validating', webhooks(webhook), async () => {
        await eventually('a refusal', () => refused('POST', `${definitions}?dryRun=All`, { body }));
        await refused('POST', definitions, { body });
        expect(await absent(definitionPath(kind))).toBe(true);
      }),
  );
});

test('C013 a slow webhook and its timeout: Fail refuses, Ignore lets pass, enough time lets it answer', async ({
  ns,
}) => {
  const slow = () => new Promise<object>((resolve) => setTimeout(() => resolve(allowed), 2000));
  const path = `${core(ns)}/configmaps?dryRun=All`;
  const named = (name: string): object => ({ metadata: { name: unique(name), labels: { slow: 'yes' } } });
  const cases = [
    { failurePolicy: 'Fail', timeoutSeconds: 1 },
    { failurePolicy: 'Ignore', timeoutSeconds: 1 },
    { failurePolicy: 'Fail', timeoutSeconds: 10 },
    { failurePolicy: 'Fail', timeoutSeconds: undefined },
  ];
  await withWebhook(
    judging(({ object }) => (object.metadata.labels?.slow === 'yes' ? slow() : mark('first'))),
    async (webhook) => {
      for (const policy of cases)
        await configured('mutating', [hook(webhook, ns, policy)], async () => {
          await takesEffect('the webhook to be asked', ns, isMarked);
          if (policy.timeoutSeconds === 1 && policy.failurePolicy === 'Fail')
            await refused('POST', path, { body: named('a') });
          else expect(await create(path, named('a'))).not.toHaveProperty('data');
        });
    },
  );
});

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

test('C024 an unreachable webhook that must not fail blocks what it matches', async ({ ns }) => {
  const unreachable = { clientConfig: { url: 'https://127.0.0.1:1/' }, failurePolicy: 'Fail' };
  await withWebhook(
    judging(() => allowed),
    (webhook) =>
      configured('validating', [hook(webhook, ns, unreachable)], async () => {
        await takesEffect('the refusal', ns, isRefused);
        const status = await refused('POST', `${core(ns)}/configmaps`, { body: { metadata: { name: 'a' } } });
        expect(status).toMatchObject({ reason: 'InternalError', code: 500 });
        expect(status.message).toContain('failed calling webhook "hook.example.com"');
      }),
  );
});

const deployments = (ns: string): string => `/apis/apps/v1/namespaces/${ns}/deployments`;

/** A policy on the Deployments of one namespace, bound to refuse; answers as a creation of this many replicas does. */
async function bound(
  ns: string,
  spec: object,
  use: (attempt: (replicas: number) => Promise<Thing>) => Promise<void>,
): Promise<void> {
  const root = '/apis/admissionregistration.k8s.io/v1';
  const name = unique('policy');
  const resourceRules = [{ ...rule(['deployments'], ['CREATE'], 'apps') }];
  await create(`${root}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: { resourceRules }, failurePolicy: 'Fail', ...spec },
  });
  await create(`${root}/validatingadmissionpolicybindings`, {
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } },
    },
  });
  const podTemplate = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } };
  const body = (replicas: number): object => ({
    metadata: { name: unique('d') },
    spec: { replicas, selector: { matchLabels: { app: 'a' } }, template: podTemplate },
  });
  await use((replicas) => must('POST', `${deployments(ns)}?dryRun=All`, { body: body(replicas) }));
  await remove(`${root}/validatingadmissionpolicybindings/${name}`);
  await remove(`${root}/validatingadmissionpolicies/${name}`);
}

const refuses = (attempt: (replicas: number) => Promise<Thing>, replicas: number, message: string) =>
  eventually(`a refusal with ${message}`, async () =>
    (await attempt(replicas).then(String, (error: Error) => error.message)).includes(message),
  );

test('C087 a bound policy refuses the Deployment that breaks it', ({ ns }) =>
  bound(
    ns,
    {
      validations: [
        { expression: 'object.spec.replicas > 1', messageExpression: "'only ' + string(object.spec.replicas)" },
      ],
    },
    async (attempt) => {
      await refuses(attempt, 1, 'only 1');
      expect((await attempt(2)).spec).toMatchObject({ replicas: 2 });
    },
  ));

test('C084 rules of an admission policy use its variables', ({ ns }) =>
  bound(
    ns,
    {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'even', expression: 'variables.replicas % 2 == 0' },
      ],
      validations: [{ expression: 'variables.even', message: 'an even number, please' }],
    },
    async (attempt) => {
      await refuses(attempt, 1, 'an even number, please');
      expect((await attempt(2)).spec).toMatchObject({ replicas: 2 });
    },
  ));
