/** What webhooks refuse, streams to pods included, and what happens when they are slow or gone. */
import { expect } from 'vitest';
import { cluster } from '../e2e/cluster.ts';
import {
  createKind,
  definitionOf,
  definitionPath,
  definitions,
  kindOf,
  objectOf,
  objectsOf,
} from './support/custom-kind.ts';
import { absent, create, get, refused, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';
import {
  allowed,
  configured,
  container,
  core,
  denied,
  hook,
  isMarked,
  isRefused,
  judging,
  mark,
  rule,
  takesEffect,
  type Webhook,
  withWebhook,
} from './support/webhook.ts';

test('C009 a webhook on CONNECT stops attach, and exec, through both doors', async ({ ns }) => {
  const command = ['sh', '-c', 'trap exit TERM; while true; do echo here; sleep 1; done'];
  await cluster.kubectl('run', 'p', '-n', ns, '--image=skiff/busybox:1', '--', ...command);
  await cluster.kubectl('wait', '-n', ns, '--for=condition=Ready', 'pod/p', '--timeout=60s');
  const connecting = { rules: [rule(['pods/attach', 'pods/exec'], ['CONNECT'])] };
  const seen: Thing[] = [];
  const judge = (request: { object: Thing }): object => {
    seen.push(request as unknown as Thing);
    return { allowed: false, status: { message: `no ${request.object.kind} here`, code: 403 } };
  };
  const said = async (run: Promise<{ exitCode: number; stderr: string }>): Promise<string> => {
    const { exitCode, stderr } = await run;
    return exitCode === 0 ? '' : stderr;
  };
  const exec = ['-n', ns, 'p', '--', 'true'];
  await withWebhook(judging(judge), (webhook) =>
    configured('validating', [hook(webhook, ns, connecting)], async () => {
      await eventually('a refusal', async () => (await said(cluster.tryKubectl(['exec', ...exec]))) !== '');
      const refusal = 'admission webhook "hook.example.com" denied the request: no';
      expect(await said(cluster.tryKubectl(['attach', 'p', '-n', ns]))).toContain(`${refusal} PodAttachOptions here`);
      expect(await said(cluster.tryKubectl(['exec', ...exec]))).toContain(`${refusal} PodExecOptions here`);
      expect(await said(cluster.skiff('exec', ...exec))).toContain(`${refusal} PodExecOptions here`);
    }),
  );
  expect(seen.at(-1)).toMatchObject({
    kind: { group: '', version: 'v1', kind: 'PodExecOptions' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    subResource: 'exec',
    name: 'p',
    namespace: ns,
    operation: 'CONNECT',
    userInfo: { username: 'kubernetes-admin' },
    object: { command: ['true'] },
    oldObject: null,
  });
  await eventually('that exec works again', async () => (await said(cluster.skiff('exec', ...exec))) === '');
});

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
