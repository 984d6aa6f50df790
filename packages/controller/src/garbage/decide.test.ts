import { type OwnerReference, resources } from '@skiff/api';
import { expect, test } from 'vitest';
import { isNamedBy, judge, type OwnerState } from './decide.ts';
import type { Known } from './graph.ts';

const known = (name: string, part: Partial<Known> = {}): Known => ({
  resource: resources.configmaps,
  uid: name,
  namespace: 'default',
  name,
  owners: [],
  finalizers: [],
  deleting: false,
  ...part,
});
const reference = (name: string, blockOwnerDeletion = true): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: name,
  blockOwnerDeletion,
});
const owners = (...states: OwnerState[]) =>
  states.map((state, index) => ({ reference: reference(`o${index}`), state }));
const waiting = { deleting: true, finalizers: ['foregroundDeletion'] };
const dependent = (part: Partial<Known> = {}) => known('child', { owners: [reference('it')], ...part });

test.each([
  ['no owners', known('it'), [], [], { do: 'nothing' }],
  ['owners live', known('it'), owners('solid'), [], { do: 'nothing' }],
  ['being deleted already', known('it', { deleting: true }), owners('absent'), [], { do: 'nothing' }],
  ['the owner is gone', known('it'), owners('absent'), [], { do: 'delete', policy: 'Background', unblock: false }],
  [
    'the owner is gone, and it was to orphan',
    known('it', { finalizers: ['orphan'] }),
    owners('absent'),
    [],
    { do: 'delete', policy: 'Orphan', unblock: false },
  ],
  ['one of two is gone', known('it'), owners('absent', 'solid'), [], { do: 'drop-references', uids: ['o0'] }],
  ['one of two waits', known('it'), owners('solid', 'waiting'), [], { do: 'drop-references', uids: ['o1'] }],
  ['the owner waits', known('it'), owners('waiting'), [], { do: 'delete', policy: 'Background', unblock: false }],
  [
    'the owner waits, and it has dependents',
    known('it'),
    owners('waiting'),
    [dependent()],
    { do: 'delete', policy: 'Foreground', unblock: false },
  ],
  [
    'a circle of waiting owners',
    known('it'),
    owners('waiting'),
    [dependent(waiting)],
    { do: 'delete', policy: 'Foreground', unblock: true },
  ],
  [
    'to orphan',
    known('it', { deleting: true, finalizers: ['orphan'] }),
    [],
    [dependent()],
    { do: 'orphan-dependents' },
  ],
  ['waits for nobody', known('it', waiting), [], [], { do: 'wait-for-dependents', blocking: [] }],
  [
    'does not wait for who does not block',
    known('it', waiting),
    [],
    [dependent({ owners: [reference('it', false)] })],
    { do: 'wait-for-dependents', blocking: [] },
  ],
  [
    'waits for who blocks',
    known('it', waiting),
    [],
    [dependent()],
    { do: 'wait-for-dependents', blocking: [dependent()] },
  ],
])('%s', (_, object, references, dependents, verdict) => {
  expect(judge(object, references, dependents)).toEqual(verdict);
});

test('an owner counts by name, kind and namespace, not by uid alone', () => {
  const child = dependent();
  expect(isNamedBy(known('it'), reference('it'), child)).toBe(true);
  expect(isNamedBy(known('it', { namespace: 'other' }), reference('it'), child)).toBe(false);
  expect(isNamedBy(known('it', { namespace: '' }), reference('it'), child)).toBe(true);
  expect(isNamedBy(known('it', { resource: resources.secrets }), reference('it'), child)).toBe(false);
});
