import type { JsonObject } from '@skiff/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRegistry } from '../registry.ts';
import { callerOf, createMemoryRegistry, type MemoryRegistry, silentLogger, statusOf } from '../testing.ts';

let at: MemoryRegistry;
beforeEach(async () => {
  at = await createMemoryRegistry();
});
afterEach(() => at.close());

/** A quota as the controller leaves it. */
async function quota(
  name: string,
  hard: JsonObject,
  more: JsonObject = {},
  used: JsonObject | undefined = undefined,
): Promise<void> {
  await at.call.create('resourcequotas', 'default', {
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard, ...more } },
  });
  const zeros = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
  await at.call.patch('resourcequotas/status', 'default', name, 'merge', { status: { hard, used: used ?? zeros } });
  await at.cache.reaches(await at.store.revision(), 1000);
}
const usedOf = async (name: string) =>
  ((await at.call.get('resourcequotas', 'default', name)).status as JsonObject).used;
const pod = (name: string, resources: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name } },
  spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
});
const create = (object: JsonObject, options = {}) => at.call.create('pods', 'default', object, options);
const refusal = async (work: Promise<unknown>): Promise<string | undefined> => {
  const status = await statusOf(work);
  expect(status).toMatchObject({ code: 403, reason: 'Forbidden' });
  return status.message;
};

describe('a quota', () => {
  it('C072 charges what a pod asks for, and refuses what is over, in Kubernetes’ words', async () => {
    await quota('q', { pods: '2', cpu: '1', 'limits.memory': '1Gi', 'requests.example.com/gpu': '1' });
    const gpu = {
      requests: { cpu: '600m', memory: '1Mi', 'example.com/gpu': '1' },
      limits: { memory: '512Mi', 'example.com/gpu': '1' },
    };
    await create(pod('a', gpu));
    expect(await usedOf('q')).toEqual({
      pods: '1',
      cpu: '600m',
      'limits.memory': '512Mi',
      'requests.example.com/gpu': '1',
    });
    const more = { requests: { cpu: '500m' }, limits: { memory: '1Mi' } };
    expect(await refusal(create(pod('b', more)))).toBe(
      'pods "b" is forbidden: exceeded quota: q, requested: cpu=500m, used: cpu=600m, limited: cpu=1',
    );
    expect(await refusal(create(pod('b')))).toBe(
      'pods "b" is forbidden: failed quota: q: must specify cpu for: c; limits.memory for: c',
    );
  });

  it('of counts', async () => {
    await quota(
      'q',
      { pods: '2', 'count/deployments.apps': '0', configmaps: '1' },
      {},
      { pods: '2', 'count/deployments.apps': '0', configmaps: '0' },
    );
    expect(await refusal(create(pod('x')))).toBe(
      'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    );
    const map = (name: string) =>
      at.call.create('configmaps', 'default', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    await map('one');
    expect(await refusal(map('two'))).toBe(
      'configmaps "two" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
    );
  });

  it('C076 counts services and node ports, and what a change adds', async () => {
    await quota('q', { services: '2', 'services.nodeports': '2', 'services.loadbalancers': '0' });
    const service = (name: string, type: string, ports: number[]) => ({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
      spec: { type, ports: ports.map((port) => ({ name: `p${port}`, port })) },
    });
    await at.call.create('services', 'default', service('a', 'NodePort', [80]));
    await at.call.patch('services', 'default', 'a', 'merge', {
      spec: {
        ports: [
          { name: 'p80', port: 80 },
          { name: 'p81', port: 81 },
        ],
      },
    });
    expect(await usedOf('q')).toEqual({ services: '1', 'services.nodeports': '2', 'services.loadbalancers': '0' });
    expect(await refusal(at.call.create('services', 'default', service('b', 'LoadBalancer', [80])))).toBe(
      'services "b" is forbidden: exceeded quota: q, requested: services.loadbalancers=1,services.nodeports=1, used: services.loadbalancers=0,services.nodeports=2, limited: services.loadbalancers=0,services.nodeports=2',
    );
  });

  it('of storage, per class', async () => {
    await quota('q', { 'requests.storage': '10Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '2Gi' });
    const claim = (name: string, storageClassName: string, storage: string) =>
      at.call.create('persistentvolumeclaims', 'default', {
        ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name } },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
      });
    await claim('a', 'iron', '5Gi');
    expect(await refusal(claim('b', 'gold', '3Gi'))).toContain(
      'requested: gold.storageclass.storage.k8s.io/requests.storage=3Gi',
    );
    expect(await usedOf('q')).toEqual({
      'requests.storage': '5Gi',
      'gold.storageclass.storage.k8s.io/requests.storage': '0',
    });
  });

  it.each([
    ['C079', ['BestEffort'], pod('x'), pod('y', { requests: { cpu: '1' } })],
    ['C079', ['NotBestEffort'], pod('y', { requests: { cpu: '1' } }), pod('x')],
    ['C080', ['Terminating'], pod('x', {}, { activeDeadlineSeconds: 5 }), pod('y')],
    ['C080', ['NotTerminating'], pod('y'), pod('x', {}, { activeDeadlineSeconds: 5 })],
  ])('%s in scopes %j holds its own pods only', async (_id, scopes, inside, outside) => {
    await quota('q', { pods: '5' }, { scopes });
    await create(outside);
    expect(await usedOf('q')).toEqual({ pods: '0' });
    await create(inside);
    expect(await usedOf('q')).toEqual({ pods: '1' });
  });

  it('is not charged by a dry run, and nothing by a request that another refuses', async () => {
    await quota('a', { pods: '5' });
    await quota('b', { pods: '1' }, {}, { pods: '1' });
    expect(await refusal(create(pod('x'), { dryRun: true }))).toContain('exceeded quota: b');
    await refusal(create(pod('x')));
    expect(await usedOf('a')).toEqual({ pods: '0' });
  });

  it('that nobody has counted yet holds nothing back; one with unknown use holds everything', async () => {
    await at.call.create('resourcequotas', 'default', {
      ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'new' }, spec: { hard: { pods: '0' } } },
    });
    await create(pod('x'));
    await quota('q', { pods: '5' }, {}, {});
    expect(await refusal(create(pod('y')))).toBe('pods "y" is forbidden: status unknown for quota: q, resources: pods');
  });
});

it('is never overspent, whoever comes at once', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.boolean()), { minLength: 1, maxLength: 25 }),
      async (asked) => {
        const cluster = await createMemoryRegistry();
        const before = at;
        at = cluster;
        try {
          await quota('cpu', { cpu: '2' });
          await quota('pods', { pods: '6' });
          // Two servers over one store: neither knows of the other's turns.
          const { store, cache, clock, random } = cluster;
          const other = callerOf(createRegistry({ store, cache, clock, random, logger: silentLogger, admission: [] }));
          const results = await Promise.allSettled(
            asked.map(([milli, second], i) =>
              (second ? other : cluster.call).create(
                'pods',
                'default',
                pod(`p${i}`, { requests: { cpu: `${milli}m` } }),
              ),
            ),
          );
          const made = asked.filter((_, i) => results[i]?.status === 'fulfilled');
          const milli = made.reduce((sum, [one]) => sum + one, 0);
          expect(milli).toBeLessThanOrEqual(2000);
          expect(made.length).toBeLessThanOrEqual(6);
          const used = [await usedOf('cpu'), await usedOf('pods')] as { cpu?: string; pods?: string }[];
          expect(used[1]?.pods).toBe(String(made.length));
          expect(used[0]?.cpu === `${milli}m` || used[0]?.cpu === String(milli / 1000)).toBe(true);
        } finally {
          at = before;
          await cluster.close();
        }
      },
    ),
    { numRuns: 15 },
  ));
