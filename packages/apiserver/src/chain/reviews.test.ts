import { expect, test } from 'vitest';
import { createStepClock, target, testContext } from '../registry/testing.ts';
import { type LiveView, liveKey } from './live.ts';
import { toBinding, toRole } from './rbac/objects.ts';
import type { Binding, Role } from './rbac/rules.ts';
import { reviewKinds } from './reviews.ts';

const live = <T extends Role | Binding>(...objects: readonly T[]): LiveView<T> => ({
  objects: new Map(objects.map((one) => [liveKey(one.namespace, one.name), one])),
  version: 0,
});

const resourceRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const pathRule = { verbs: ['*'], nonResourceURLs: ['*'] };
const admins = {
  metadata: { name: 'cluster-admin' },
  roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'Group', name: 'system:masters' }],
};

test("an administrator's rules are those of the role, each once", async () => {
  const kinds = reviewKinds({
    authoriser: () => ({ decide: () => ({ verdict: 'allow', reason: '' }) }),
    rbac: () => ({
      roles: live<Role>(),
      clusterRoles: live(toRole({ metadata: { name: 'cluster-admin' }, rules: [resourceRule, pathRule] })),
      roleBindings: live<Binding>(),
      clusterRoleBindings: live(toBinding(admins)),
    }),
    tokens: () => [],
    audiences: [],
    clock: createStepClock(),
  });
  const of = 'selfsubjectrulesreviews';
  const kind = kinds.find(({ resource }) => resource === of);
  const answer = await kind?.create(testContext(), target(`authorization.k8s.io/v1/${of}`), {
    spec: { namespace: 'a' },
  });
  expect(answer?.status).toEqual({
    resourceRules: [resourceRule],
    nonResourceRules: [pathRule],
    incomplete: false,
  });
});
