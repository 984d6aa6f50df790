import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRegistry, type MemoryRegistry, statusOf } from '../testing.ts';

let at: MemoryRegistry;
beforeEach(async () => {
  at = await createMemoryRegistry();
});
afterEach(() => at.close());

async function range(...limits: JsonObject[]): Promise<void> {
  await at.call.create('limitranges', 'default', {
    ...{ apiVersion: 'v1', kind: 'LimitRange', metadata: { generateName: 'r-' }, spec: { limits } },
  });
  await at.cache.reaches(await at.store.revision(), 1000);
}
const pod = (...resources: JsonObject[]): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
  spec: { containers: resources.map((one, i) => ({ name: `c${i}`, image: 'i', resources: one })) },
});
const create = (object: JsonObject) => at.call.create('pods', 'default', object);
const refusal = async (object: JsonObject) => {
  const { code, message } = await statusOf(create(object));
  expect(code).toBe(403);
  return message?.replace('pods "p" is forbidden: ', '');
};

describe('C308 a limit range', () => {
  it('fills in what containers do not say, and tells of it', async () => {
    await range({
      type: 'Container',
      default: { cpu: '500m', memory: '500Mi' },
      defaultRequest: { cpu: '100m', memory: '200Mi' },
    });
    const made = await create(pod({}, { requests: { cpu: '300m' }, limits: { memory: '1Gi' } }));
    const containers = (made.spec as { containers: JsonObject[] }).containers;
    expect(containers.map((one) => one.resources)).toEqual([
      { requests: { cpu: '100m', memory: '200Mi' }, limits: { cpu: '500m', memory: '500Mi' } },
      { requests: { cpu: '300m', memory: '1Gi' }, limits: { cpu: '500m', memory: '1Gi' } },
    ]);
    expect((made.metadata as { annotations: JsonObject }).annotations['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu, memory request for container c0; cpu, memory limit for container c0; cpu limit for container c1',
    );
  });

  const cpu = (request?: string, limit?: string): JsonObject => ({
    ...(request === undefined ? {} : { requests: { cpu: request } }),
    ...(limit === undefined ? {} : { limits: { cpu: limit } }),
  });

  it.each([
    ['min', { min: { cpu: '100m' } }, cpu('50m', '1'), 'minimum cpu usage per Container is 100m, but request is 50m'],
    ['max', { max: { cpu: '1' } }, cpu('1', '2'), 'maximum cpu usage per Container is 1, but limit is 2'],
    [
      'ratio',
      { maxLimitRequestRatio: { cpu: '2' } },
      cpu('500m', '1500m'),
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
    [
      'ratio without a limit',
      { maxLimitRequestRatio: { cpu: '2' } },
      cpu('1'),
      'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
    ],
  ])('%s', async (_name, limits, resources, message) => {
    await range({ type: 'Container', ...limits });
    expect(await refusal(pod(resources))).toBe(message);
  });

  it('bounds the whole pod, and tells of all faults', async () => {
    await range({ type: 'Pod', max: { cpu: '1', memory: '1Gi' } });
    expect(await refusal(pod(cpu('1', '1'), cpu('1', '1')))).toBe(
      '[maximum cpu usage per Pod is 1, but limit is 2, maximum memory usage per Pod is 1Gi.  No limit is specified]',
    );
  });

  it('bounds claims', async () => {
    await range({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    const claim = (storage: string) =>
      at.call.create('persistentvolumeclaims', 'default', {
        ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: `c${storage.toLowerCase()}` } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
      });
    await claim('2Gi');
    expect((await statusOf(claim('3Gi'))).message).toBe(
      'persistentvolumeclaims "c3gi" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
    );
    expect((await statusOf(claim('1Mi'))).message).toContain(
      'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
  });
});
