/** Manifests as people write them, through the whole of the registry: decoded, admitted, defaulted, checked and stored. */
import type { JsonObject } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { usualManifests } from '@skiff/api/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { textAt } from '../patch/values.ts';
import { createMemoryRegistry, type MemoryRegistry } from './testing.ts';

let memory: MemoryRegistry;
beforeAll(async () => {
  memory = await createMemoryRegistry();
  const { call } = memory;
  for (const name of ['monitoring', 'kube-system']) await call.create('namespaces', '', { metadata: { name } });
  await call.create('node.k8s.io/v1/runtimeclasses', '', { metadata: { name: 'kata' }, handler: 'kata' });
});
afterAll(() => memory.close());

const pathOf = ({ apiVersion, kind }: JsonObject): { path: string; namespaced: boolean } => {
  const found = builtinDefinitions().find(
    (one) => `${one.group === '' ? '' : `${one.group}/`}${one.version}` === apiVersion && one.kind === kind,
  );
  if (found === undefined) throw new Error(`no kind ${kind}`);
  const group = found.group === '' ? '' : `${found.group}/${found.version}/`;
  return { path: `${group}${found.resource}`, namespaced: found.namespaced };
};

test.each(usualManifests().map((one) => [`${one.kind} ${textAt(one, 'metadata', 'name')}`, one] as const))(
  '%s is created, and put again as it is',
  async (_name, manifest) => {
    const { path, namespaced } = pathOf(manifest);
    const namespace = namespaced ? textAt(manifest, 'metadata', 'namespace') || 'default' : '';
    const made = await memory.call.create(path, namespace, structuredClone(manifest));
    const again = await memory.call.update(path, namespace, textAt(made, 'metadata', 'name'), structuredClone(made));
    expect(again).toEqual(made);
  },
);
