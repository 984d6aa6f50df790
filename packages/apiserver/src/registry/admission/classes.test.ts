import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRegistry, type MemoryRegistry, statusOf } from '../testing.ts';

let at: MemoryRegistry;
beforeEach(async () => {
  at = await createMemoryRegistry();
});
afterEach(() => at.close());

const ingresses = 'networking.k8s.io/v1/ingresses';
const backend = { defaultBackend: { service: { name: 's', port: { number: 80 } } } };
const ingressClass = (name: string, isDefault: string) =>
  at.call.create('networking.k8s.io/v1/ingressclasses', '', {
    metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
    spec: { controller: 'a.io/b' },
  });
const classOf = async (name: string, metadata: JsonObject = {}, spec: JsonObject = {}): Promise<unknown> => {
  const made = await at.call.create(ingresses, 'default', {
    metadata: { name, ...metadata },
    spec: { ...backend, ...spec },
  });
  return (made.spec as JsonObject).ingressClassName;
};

describe('an Ingress', () => {
  it('that names no class gets the default one, and none while there is none', async () => {
    await ingressClass('other', 'false');
    expect(await classOf('a')).toBe(undefined);
    await ingressClass('usual', 'true');
    expect(await classOf('b')).toBe('usual');
  });

  it('that names one, in whichever way, keeps it', async () => {
    await ingressClass('usual', 'true');
    expect(await classOf('a', {}, { ingressClassName: 'mine' })).toBe('mine');
    expect(await classOf('b', { annotations: { 'kubernetes.io/ingress.class': 'old' } })).toBe(undefined);
  });
});

const claims = 'persistentvolumeclaims';
const storageClass = (name: string, allowVolumeExpansion: boolean) =>
  at.call.create('storage.k8s.io/v1/storageclasses', '', {
    metadata: { name },
    provisioner: 'a.io/b',
    allowVolumeExpansion,
  });
const claim = async (storageClassName: string, phase: string): Promise<void> => {
  await at.call.create(claims, 'default', {
    metadata: { name: 'c' },
    spec: {
      storageClassName,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeName: 'v',
    },
  });
  await at.call.patch(`${claims}/status`, 'default', 'c', 'merge', { status: { phase } });
};
const resize = async (storage: string): Promise<string | undefined> => {
  const spec = { resources: { requests: { storage } } };
  const { message } = await statusOf(at.call.patch(claims, 'default', 'c', 'merge', { spec }));
  return message?.replace('persistentvolumeclaims "c" is forbidden: ', '');
};

describe('a claim', () => {
  it('grows when it is bound and its class allows it', async () => {
    await storageClass('grows', true);
    await claim('grows', 'Bound');
    await at.call.patch(claims, 'default', 'c', 'merge', { spec: { resources: { requests: { storage: '2Gi' } } } });
  });

  it('does not grow before it is bound', async () => {
    await storageClass('grows', true);
    await claim('grows', 'Pending');
    // Validation, which speaks first, says it of the whole spec.
    expect(await resize('2Gi')).toContain('spec is immutable');
  });

  it('does not grow in a class that does not allow it', async () => {
    await storageClass('stays', false);
    await claim('stays', 'Bound');
    expect(await resize('2Gi')).toContain('only dynamically provisioned pvc can be resized');
  });
});
