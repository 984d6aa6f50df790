import { expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { askedFor } from './selection.ts';

const catalogue = createCatalogue({ discover: async () => [] });
const scope = { namespace: 'here', allNamespaces: false, selector: '', fieldSelector: '' };
const all = undefined;

const brief = async (...args: Parameters<typeof askedFor>) =>
  (await askedFor(...args)).map(({ kind, namespace, name }) => `${kind.resource} ${namespace} ${name ?? '*'}`);

test('each kind, in its namespace', async () => {
  const meant = [{ types: 'pods,nodes', name: all }];
  expect(await brief(catalogue, meant, scope)).toEqual(['pods here *', 'nodes  *']);
  expect(await brief(catalogue, meant, { ...scope, allNamespaces: true })).toEqual(['pods  *', 'nodes  *']);
  const both = [
    { types: 'pods', name: 'a' },
    { types: 'svc', name: 'b' },
  ];
  expect(await brief(catalogue, both, scope)).toEqual(['pods here a', 'services here b']);
});

test('a name goes with no selector, nor with every namespace', async () => {
  const meant = [{ types: 'pods', name: 'a' }];
  const faults = 'name cannot be provided when a selector is specified';
  await expect(askedFor(catalogue, meant, { ...scope, selector: 'a=b' })).rejects.toThrow(faults);
  await expect(askedFor(catalogue, meant, { ...scope, fieldSelector: 'a=b' })).rejects.toThrow(faults);
  await expect(askedFor(catalogue, meant, { ...scope, allNamespaces: true })).rejects.toThrow(
    'a resource cannot be retrieved by name across all namespaces',
  );
  const nodes = [{ types: 'nodes', name: 'a' }];
  expect(await brief(catalogue, nodes, { ...scope, allNamespaces: true })).toEqual(['nodes  a']);
});
