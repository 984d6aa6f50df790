import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { dropUngated } from './pod-gates.ts';

const spec = (procMount?: string, hostUsers?: boolean, kind = 'containers'): JsonObject => ({
  ...(hostUsers === undefined ? {} : { hostUsers }),
  [kind]: [{ name: 'c' }, { name: 'd', securityContext: procMount === undefined ? {} : { procMount } }],
});

test.each<[string, JsonObject, JsonObject | undefined, JsonObject]>([
  ['nothing of it', spec(), undefined, spec()],
  ['a new one', spec('Unmasked', false), undefined, spec('Default')],
  [
    'an init container',
    spec('Unmasked', false, 'initContainers'),
    undefined,
    spec('Default', undefined, 'initContainers'),
  ],
  [
    'an ephemeral one',
    spec('Unmasked', true, 'ephemeralContainers'),
    spec(),
    spec('Default', undefined, 'ephemeralContainers'),
  ],
  ['a word that is none', spec('Hat'), undefined, spec('Default')],
  ['an object that had neither', spec('Unmasked', false), spec('Default'), spec('Default')],
  ['an object that had both', spec('Unmasked', false), spec('Unmasked', false), spec('Unmasked', false)],
  ['an object that had a namespace', spec('Unmasked', false), spec(undefined, true), spec('Default', false)],
])('user namespaces are not served: %s', (_, next, old, expected) => {
  dropUngated(next, old);
  expect(next).toEqual(expected);
});

const image: JsonObject = { name: 'i', image: { reference: 'a' } };
const trust: JsonObject = {
  projected: { sources: [{ clusterTrustBundle: { name: 'b', path: 'p' } }, { secret: { name: 's' } }] },
};
const mounting = (...names: readonly string[]): JsonObject => ({
  name: 'c',
  ...(names.length === 0 ? {} : { volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) }),
});
const some = { requests: { cpu: '1' } };
const using = { name: 'c', resources: { ...some, claims: [{ name: 'd' }] } };

test.each<[string, JsonObject, JsonObject]>([
  [
    'groups',
    { securityContext: { supplementalGroupsPolicy: 'Strict', fsGroup: 1 } },
    { securityContext: { fsGroup: 1 } },
  ],
  ['labels of volumes', { securityContext: { seLinuxChangePolicy: 'Recursive' } }, { securityContext: {} }],
  ['resources of a pod', { resources: some }, {}],
  [
    'claims of devices',
    { resourceClaims: [{ name: 'd', resourceClaimName: 'x' }], containers: [using] },
    { containers: [{ name: 'c', resources: some }] },
  ],
  [
    'bundles of trust',
    { volumes: [{ name: 'v', ...trust }] },
    { volumes: [{ name: 'v', projected: { sources: [{}, { secret: { name: 's' } }] } }] },
  ],
  [
    'images as volumes',
    {
      volumes: [image, { name: 'v', emptyDir: {} }],
      containers: [mounting('i'), mounting('i', 'v')],
      initContainers: [mounting('v')],
    },
    {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [mounting(), mounting('v')],
      initContainers: [mounting('v')],
    },
  ],
  ['the only volume, an image', { volumes: [image] }, {}],
])('%s are not served, but where they are', (_, spec, expected) => {
  const [fresh, kept] = [structuredClone(spec), structuredClone(spec)];
  dropUngated(fresh, {});
  expect(fresh).toEqual(expected);
  dropUngated(kept, structuredClone(spec));
  expect(kept).toEqual(spec);
});
