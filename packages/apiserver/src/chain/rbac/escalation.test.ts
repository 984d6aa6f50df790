import { ApiError, type JsonObject, notFound } from '@skiff/api';
import { expect, test } from 'vitest';
import type { AdmissionRequest, Registry } from '../../registry/contract.ts';
import { type LiveView, liveKey } from '../live.ts';
import { decide, type RbacView } from './authoriser.ts';
import { escalationStep } from './escalation.ts';
import { toBinding, toRole } from './objects.ts';
import type { Binding, Role } from './rules.ts';

const readPods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const all = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const right = (verb: string, resource: string) => ({
  verbs: [verb],
  apiGroups: ['rbac.authorization.k8s.io'],
  resources: [resource],
});
const role = (name: string, rules: JsonObject[], namespace = ''): JsonObject => ({
  metadata: { name, namespace },
  rules,
});
const binding = (name: string, kind: string, roleName: string, user: string, namespace = 'n'): JsonObject => ({
  metadata: { name, namespace },
  roleRef: { kind, name: roleName },
  subjects: [{ kind: 'User', name: user }],
});

const live = <T extends Role | Binding>(objects: readonly T[]): LiveView<T> => ({
  objects: new Map(objects.map((one) => [liveKey(one.namespace, one.name), one])),
  version: 0,
});

/** ann reads pods, bea may bind and escalate, of namespace n. */
const view: RbacView = {
  roles: live([role('reader', [readPods], 'n'), role('boss', [all], 'n')].map(toRole)),
  clusterRoles: live([role('giver', [right('bind', 'roles'), right('escalate', 'roles')])].map(toRole)),
  roleBindings: live(
    [binding('a', 'Role', 'reader', 'ann'), binding('b', 'ClusterRole', 'giver', 'bea')].map(toBinding),
  ),
  clusterRoleBindings: live([]),
};

const step = escalationStep({
  registry: () =>
    ({ get: (_context, target) => Promise.reject(notFound(target, target.name)) }) as Pick<Registry, 'get'> as Registry,
  authoriser: () => ({ decide: (user, attributes) => decide(view, user, attributes) }),
  view: () => view,
});

const fault = async (user: string, resource: string, object: JsonObject, oldObject?: JsonObject) => {
  const target = {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    resource,
    namespace: 'n',
    name: '',
    subresource: '',
  };
  const groups = user === 'root' ? ['system:masters'] : [];
  const context = { user: { name: user, uid: '', groups, extra: {} }, signal: new AbortController().signal };
  const request = { context, operation: 'CREATE', target, object, oldObject, dryRun: false };
  try {
    await step.validate?.(request as unknown as AdmissionRequest);
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? `${error.reason}: ${error.message}` : String(error);
  }
};

test('a role gives what its writer holds, or may escalate to', async () => {
  expect(await fault('ann', 'roles', role('r', [readPods], 'n'))).toBeUndefined();
  expect(await fault('ann', 'roles', role('r', [all], 'n'))).toBe(
    'Forbidden: roles.rbac.authorization.k8s.io "r" is forbidden: user "ann" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
  );
  expect(await fault('bea', 'roles', role('r', [all], 'n'))).toBeUndefined();
  expect(await fault('root', 'roles', role('r', [all], 'n'))).toBeUndefined();
});

test('a role whose rules stay may be written', async () => {
  const old = role('r', [all], 'n');
  expect(await fault('ann', 'roles', { ...old, metadata: { name: 'r', labels: { a: 'b' } } }, old)).toBeUndefined();
});

test('an aggregated role is only for who holds everything', async () => {
  const object = { ...role('r', []), aggregationRule: { clusterRoleSelectors: [{}] } };
  expect(await fault('ann', 'clusterroles', object)).toContain('must have cluster-admin privileges');
});

test('a binding gives what its writer holds, or may bind; the role must be there', async () => {
  expect(await fault('ann', 'rolebindings', binding('x', 'Role', 'reader', 'eve'))).toBeUndefined();
  expect(await fault('ann', 'rolebindings', binding('x', 'Role', 'boss', 'ann'))).toContain('not currently held');
  expect(await fault('bea', 'rolebindings', binding('x', 'Role', 'boss', 'bea'))).toBeUndefined();
  expect(await fault('ann', 'rolebindings', binding('x', 'Role', 'none', 'ann'))).toContain('NotFound');
});
