import { resources, type Secret, type ServiceAccount } from '@skiff/api';
import type { Client } from '@skiff/client';
import { afterEach, expect, test } from 'vitest';
import { type Lab, startLab } from '../testing/lab.ts';
import { decideToken, toBase64 } from './decide.ts';
import { serviceAccountTokenController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab?.stop());

/** The client, with tokens: the cluster in memory signs none. */
const withTokens = (client: Client): Client => ({
  ...client,
  resource: (resource) => {
    const own = client.resource(resource);
    const issued = { kind: 'TokenRequest', status: { token: 'signed' } };
    return resource.resource === 'serviceaccounts' ? { ...own, createSubresource: async () => issued } : own;
  },
});
const start = () =>
  startLab(({ client, informers }) => [serviceAccountTokenController(withTokens(client), informers, 'PEM')]);

const tokenSecret = (name: string) => ({
  apiVersion: 'v1' as const,
  kind: 'Secret' as const,
  metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': 'bot' } },
  type: 'kubernetes.io/service-account-token',
});
const bot = {
  apiVersion: 'v1' as const,
  kind: 'ServiceAccount' as const,
  metadata: { name: 'bot', namespace: 'default' },
};

test('a token Secret is filled, mended, and goes with its account', async () => {
  lab = await start();
  const { client } = lab.cluster;
  const account = await client.resource(resources.serviceaccounts).create(bot);
  const secrets = client.resource(resources.secrets);
  await secrets.create(tokenSecret('bot-token'));
  await lab.quiet();
  const filled = { token: toBase64('signed'), 'ca.crt': toBase64('PEM'), namespace: toBase64('default') };
  const made = await secrets.get('default', 'bot-token');
  expect(made.data).toEqual(filled);
  expect(made.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid);
  await secrets.patch('default', 'bot-token', 'merge', { data: { 'ca.crt': 'Zm9yZ2Vk', token: null } });
  await lab.quiet();
  expect((await secrets.get('default', 'bot-token')).data).toEqual(filled);
  await client.resource(resources.serviceaccounts).delete('default', 'bot');
  await lab.quiet();
  expect(lab.cluster.all(resources.secrets)).toEqual([]);
});

test('other Secrets are let be', async () => {
  lab = await start();
  const secrets = lab.cluster.client.resource(resources.secrets);
  await secrets.create({ ...tokenSecret('plain'), type: 'Opaque' });
  await lab.quiet();
  expect((await secrets.get('default', 'plain')).data).toBeUndefined();
});

test('a Secret of an account that was made anew is not the new one’s', () => {
  const secret = {
    ...tokenSecret('old'),
    metadata: {
      ...tokenSecret('old').metadata,
      annotations: { 'kubernetes.io/service-account.uid': 'before' },
    },
  } as unknown as Secret;
  const account = { ...bot, metadata: { ...bot.metadata, uid: 'now' } } as unknown as ServiceAccount;
  expect(decideToken(secret, account, 'PEM')).toMatchObject({ remove: true });
});
