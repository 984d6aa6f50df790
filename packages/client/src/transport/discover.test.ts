import { expect, test } from 'vitest';
import { servedKinds } from './discover.ts';

test('each kind at each version, in the document’s order', () => {
  const pods = {
    resource: 'pods',
    responseKind: { kind: 'Pod' },
    scope: 'Namespaced',
    singularResource: 'pod',
    shortNames: ['po'],
    categories: ['all'],
    verbs: ['get'],
  } as const;
  const gears = {
    resource: 'gears',
    responseKind: { kind: 'Gear' },
    scope: 'Cluster',
    singularResource: 'gear',
    verbs: ['list'],
  } as const;
  const versions = [
    { version: 'v2', resources: [gears] },
    { version: 'v1', resources: [gears] },
  ];
  const kinds = servedKinds({
    items: [
      { metadata: {}, versions: [{ version: 'v1', resources: [pods] }] },
      { metadata: { name: 'example.com' }, versions },
    ],
  });
  const gear = {
    ...{ group: 'example.com', resource: 'gears', kind: 'Gear', namespaced: false, singular: 'gear' },
    ...{ shortNames: [], categories: [], verbs: ['list'] },
  };
  expect(kinds).toEqual([
    {
      ...{ group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true, singular: 'pod' },
      ...{ shortNames: ['po'], categories: ['all'], verbs: ['get'] },
    },
    { ...gear, version: 'v2' },
    { ...gear, version: 'v1' },
  ]);
});
