import { resources } from '@skiff/api';
import { namespace } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { serviceAccountController } from '../service-account/reconcile.ts';
import { type Lab, startLab } from '../testing/lab.ts';
import { rootCaController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

test('every namespace has the certificate and a default account, also after somebody changes or deletes them', async () => {
  lab = await startLab(
    ({ client, informers }) => [
      rootCaController(client, informers, 'PEM'),
      serviceAccountController(client, informers),
    ],
    (cluster) => cluster.seed(resources.namespaces, namespace('one')),
  );
  const maps = lab.cluster.client.resource(resources.configmaps);
  const accounts = lab.cluster.client.resource(resources.serviceaccounts);
  await lab.cluster.client.resource(resources.namespaces).create(namespace('two'));
  await lab.quiet();
  for (const name of ['one', 'two']) {
    expect((await maps.get(name, 'kube-root-ca.crt')).data).toEqual({ 'ca.crt': 'PEM' });
    expect((await accounts.get(name, 'default')).metadata.name).toBe('default');
  }
  await maps.patch('one', 'kube-root-ca.crt', 'merge', { data: { 'ca.crt': 'forged', more: 'x' } });
  await maps.delete('two', 'kube-root-ca.crt');
  await accounts.delete('two', 'default');
  await lab.quiet();
  for (const name of ['one', 'two'])
    expect((await maps.get(name, 'kube-root-ca.crt')).data).toEqual({ 'ca.crt': 'PEM' });
  expect(lab.cluster.all(resources.serviceaccounts)).toHaveLength(2);
});

test('a namespace that is going gets nothing new', async () => {
  lab = await startLab(({ client, informers }) => [rootCaController(client, informers, 'PEM')]);
  const namespaces = lab.cluster.client.resource(resources.namespaces);
  await namespaces.create(namespace('one'));
  await lab.quiet();
  await namespaces.delete('', 'one');
  await lab.cluster.client.resource(resources.configmaps).delete('one', 'kube-root-ca.crt');
  await lab.quiet();
  expect(lab.cluster.all(resources.configmaps)).toEqual([]);
});
