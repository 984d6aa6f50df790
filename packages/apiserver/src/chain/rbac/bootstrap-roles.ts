/** The roles and bindings that every cluster begins with, named and cut as Kubernetes' (plugin/pkg/auth/authorizer/rbac/bootstrappolicy). */
import type { JsonObject } from '@skiff/api';
import type { BootstrapObject } from '../../registry/bootstrap.ts';
import { componentRoles } from './component-roles.ts';
import { reconcileRbac } from './reconcile.ts';
import { account, binding, events, group, namespaced, read, role, user } from './role-text.ts';
import { userRoles } from './user-roles.ts';

/** ClusterRoles, in the order they are made. */
const roles: readonly JsonObject[] = [
  role('cluster-admin', [
    { verbs: ['*'], groups: ['*'], resources: ['*'] },
    { verbs: ['*'], urls: ['*'] },
  ]),
  role('system:discovery', [
    {
      verbs: ['get'],
      urls: [
        '/livez',
        '/readyz',
        '/healthz',
        '/version',
        '/version/',
        '/openapi',
        '/openapi/*',
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
      ],
    },
  ]),
  role('system:monitoring', [
    {
      verbs: ['get'],
      urls: ['/metrics', '/metrics/slis', '/livez', '/readyz', '/healthz', '/livez/*', '/readyz/*', '/healthz/*'],
    },
  ]),
  role('system:basic-user', [
    {
      verbs: ['create'],
      groups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ]),
  role('system:service-account-issuer-discovery', [
    {
      verbs: ['get'],
      urls: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
    },
  ]),
  role('system:public-info-viewer', [
    { verbs: ['get'], urls: ['/livez', '/readyz', '/healthz', '/version', '/version/'] },
  ]),
  ...userRoles,
  ...componentRoles,
];

/** ClusterRoleBindings. */
const bindings: readonly JsonObject[] = [
  binding('cluster-admin', 'cluster-admin', [group('system:masters')]),
  binding('system:discovery', 'system:discovery', [group('system:authenticated')]),
  binding('system:basic-user', 'system:basic-user', [group('system:authenticated')]),
  binding('system:public-info-viewer', 'system:public-info-viewer', [
    group('system:authenticated'),
    group('system:unauthenticated'),
  ]),
  binding('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', [
    group('system:serviceaccounts'),
  ]),
  binding('system:monitoring', 'system:monitoring', [group('system:monitoring')]),
  binding('system:node-bootstrapper', 'system:node-bootstrapper', [group('system:bootstrappers')]),
  binding('system:node-proxier', 'system:node-proxier', [user('system:kube-proxy')]),
  binding('system:kube-dns', 'system:kube-dns', [account('kube-dns')]),
  binding('system:volume-scheduler', 'system:volume-scheduler', [user('system:kube-scheduler')]),
  binding('system:kube-scheduler', 'system:kube-scheduler', [user('system:kube-scheduler')]),
  binding('system:kube-controller-manager', 'system:kube-controller-manager', [user('system:kube-controller-manager')]),
  // Without subjects, as in Kubernetes: nodes are let in by the node authoriser.
  binding('system:node', 'system:node', []),
];

const leading = {
  verbs: ['create', 'get', 'list', 'update', 'watch'],
  groups: ['coordination.k8s.io'],
  resources: ['leases', 'leasecandidates'],
};

/** What is written in kube-system is named here, by who may. */
const inNamespaces = [
  namespaced(
    'kube-system',
    'extension-apiserver-authentication-reader',
    [{ verbs: read, groups: [''], resources: ['configmaps'], names: ['extension-apiserver-authentication'] }],
    {
      name: 'system::extension-apiserver-authentication-reader',
      subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
    },
  ),
  namespaced('kube-system', 'system::leader-locking-kube-controller-manager', [leading], {
    name: 'system::leader-locking-kube-controller-manager',
    subjects: [user('system:kube-controller-manager'), account('kube-controller-manager')],
  }),
  namespaced('kube-system', 'system::leader-locking-kube-scheduler', [leading], {
    name: 'system::leader-locking-kube-scheduler',
    subjects: [user('system:kube-scheduler'), account('kube-scheduler')],
  }),
  namespaced(
    'kube-system',
    'system:controller:bootstrap-signer',
    [{ verbs: read, groups: [''], resources: ['secrets'] }],
    { name: 'system:controller:bootstrap-signer', subjects: [account('bootstrap-signer')] },
  ),
  namespaced(
    'kube-system',
    'system:controller:cloud-provider',
    [{ verbs: ['create', ...read], groups: [''], resources: ['configmaps'] }],
    { name: 'system:controller:cloud-provider', subjects: [account('cloud-provider')] },
  ),
  namespaced(
    'kube-system',
    'system:controller:token-cleaner',
    [{ verbs: ['delete', ...read], groups: [''], resources: ['secrets'] }, events],
    { name: 'system:controller:token-cleaner', subjects: [account('token-cleaner')] },
  ),
  namespaced(
    'kube-public',
    'system:controller:bootstrap-signer',
    [
      { verbs: read, groups: [''], resources: ['configmaps'] },
      { verbs: ['update'], groups: [''], resources: ['configmaps'], names: ['cluster-info'] },
      events,
    ],
    { name: 'system:controller:bootstrap-signer', subjects: [account('bootstrap-signer')] },
  ),
];

const made = (resource: string, object: JsonObject): BootstrapObject => ({
  ...{ group: 'rbac.authorization.k8s.io', resource, object, reconcile: reconcileRbac },
});

/** In the order they can be made. */
export const bootstrapRoles: readonly BootstrapObject[] = [
  ...roles.map((object) => made('clusterroles', object)),
  ...bindings.map((object) => made('clusterrolebindings', object)),
];

/** Those of namespaces, which must be there first. */
export const bootstrapNamespacedRoles: readonly BootstrapObject[] = inNamespaces.flatMap(([ofRole, ofBinding]) => [
  made('roles', ofRole),
  made('rolebindings', ofBinding),
]);
