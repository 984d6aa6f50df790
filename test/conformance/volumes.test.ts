/** PersistentVolumes and their claims as objects. */

import { expect } from 'vitest';
import { takesEveryVerb } from './support/every-verb.ts';
import { create, get, merge, remove, replace } from './support/rest.ts';
import { test, unique } from './support/test.ts';

const volumes = '/api/v1/persistentvolumes';
/** A class that nothing binds or provisions. */
const shared = { storageClassName: 'conformance-none', accessModes: ['ReadWriteOnce'] };
const volumeSpec = {
  ...shared,
  capacity: { storage: '1Gi' },
  hostPath: { path: '/tmp/none' },
  persistentVolumeReclaimPolicy: 'Retain',
};
const claimSpec = { ...shared, resources: { requests: { storage: '1Gi' } } };

test('C362 the status of volumes and claims is read, patched and replaced', async ({ ns }) => {
  const claims = `/api/v1/namespaces/${ns}/persistentvolumeclaims`;
  const name = unique('volume');
  await create(volumes, { metadata: { name }, spec: volumeSpec });
  await create(claims, { metadata: { name }, spec: claimSpec });
  const condition = { type: 'Conformance', status: 'True', reason: 'Tested', message: 'by a test' };
  for (const [path, first, second] of [
    [`${volumes}/${name}/status`, { message: 'patched' }, { message: 'replaced' }],
    [`${claims}/${name}/status`, { conditions: [condition] }, { conditions: [{ ...condition, reason: 'Replaced' }] }],
  ] as const) {
    expect((await merge(path, { status: first })).status).toMatchObject(first);
    const now = await get(path);
    await replace(path, {
      ...now,
      metadata: { ...now.metadata, resourceVersion: undefined },
      status: { ...now.status, ...second },
    });
    expect((await get(path)).status).toMatchObject(second);
  }
  await remove(`${volumes}/${name}`);
});

test('C363 volumes and claims take every verb', async ({ ns }) => {
  await takesEveryVerb({
    groupVersion: 'v1',
    resource: 'persistentvolumes',
    kind: 'PersistentVolume',
    fields: { spec: volumeSpec },
  });
  await takesEveryVerb({
    groupVersion: 'v1',
    resource: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    ns,
    fields: { spec: claimSpec },
  });
});
