import type { Definition } from '../../definition.ts';
import { groupVersion, proxyVerbs, scale, status, streamVerbs, subresource, writeVerbs } from '../define.ts';

const core = groupVersion('', 'v1', 'io.k8s.api.core.v1');

/** core/v1. */
export const coreKinds: readonly Definition[] = [
  core('Binding', 'bindings', { verbs: ['create'], virtual: true }),
  core('ComponentStatus', 'componentstatuses', {
    clusterScoped: true,
    shortNames: ['cs'],
    verbs: ['get', 'list'],
    virtual: true,
  }),
  core('ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  core('Endpoints', 'endpoints', { shortNames: ['ep'] }),
  core('Event', 'events', { shortNames: ['ev'] }),
  core('LimitRange', 'limitranges', { shortNames: ['limits'] }),
  core('Namespace', 'namespaces', {
    clusterScoped: true,
    shortNames: ['ns'],
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [subresource('finalize', ['update']), status],
  }),
  core('Node', 'nodes', {
    clusterScoped: true,
    shortNames: ['no'],
    subresources: [subresource('proxy', proxyVerbs, 'NodeProxyOptions'), status],
  }),
  core('PersistentVolumeClaim', 'persistentvolumeclaims', { shortNames: ['pvc'], subresources: [status] }),
  core('PersistentVolume', 'persistentvolumes', { clusterScoped: true, shortNames: ['pv'], subresources: [status] }),
  core('Pod', 'pods', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: [
      subresource('attach', streamVerbs, 'PodAttachOptions'),
      subresource('binding', ['create'], 'Binding'),
      subresource('ephemeralcontainers', writeVerbs),
      { name: 'eviction', kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, verbs: ['create'] },
      subresource('exec', streamVerbs, 'PodExecOptions'),
      subresource('log', ['get']),
      subresource('portforward', streamVerbs, 'PodPortForwardOptions'),
      subresource('proxy', proxyVerbs, 'PodProxyOptions'),
      status,
    ],
  }),
  core('PodTemplate', 'podtemplates'),
  core('ReplicationController', 'replicationcontrollers', {
    shortNames: ['rc'],
    categories: ['all'],
    subresources: [scale, status],
  }),
  core('ResourceQuota', 'resourcequotas', { shortNames: ['quota'], subresources: [status] }),
  core('Secret', 'secrets'),
  core('ServiceAccount', 'serviceaccounts', {
    shortNames: ['sa'],
    subresources: [
      {
        name: 'token',
        kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
        verbs: ['create'],
      },
    ],
  }),
  core('Service', 'services', {
    shortNames: ['svc'],
    categories: ['all'],
    subresources: [subresource('proxy', proxyVerbs, 'ServiceProxyOptions'), status],
  }),
];
