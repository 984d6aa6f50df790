import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { dropUserNamespaces } from './pod-spec.ts';

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
  dropUserNamespaces(next, old);
  expect(next).toEqual(expected);
});
