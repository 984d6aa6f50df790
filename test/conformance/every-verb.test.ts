/** Kinds that only have to be stored, shown, watched and deleted well. */
import { expect } from 'vitest';
import { collectionOf, isDiscovered, type Resource, takesEveryVerb } from './support/every-verb.ts';
import { create, get, merge, remove, replace } from './support/rest.ts';
import { test, unique } from './support/test.ts';

/** Of a key that was thrown away. */
const request = Buffer.from(
  [
    '-----BEGIN CERTIFICATE REQUEST-----',
    'MIHQMHgCAQAwFjEUMBIGA1UEAwwLY29uZm9ybWFuY2UwWTATBgcqhkjOPQIBBggq',
    'hkjOPQMBBwNCAAQilp1danR5n+gBEwgl6jE3JcLiwAAgOzOWSzvHZYoChkN1I0hE',
    'ISdjioYj2GJeJ22SgR7iIGeSDH+60hhR2b/ZoAAwCgYIKoZIzj0EAwIDSAAwRQIg',
    'NkEUNfKNMST36TGRZ+GwdnA2jJ0Vd9yyLVf32bc3qhMCIQDKb2BUvzOe+iaEYmLQ',
    'K6Qo7G0wnkWxUkqV9Mc8/LkK2A==',
    '-----END CERTIFICATE REQUEST-----',
  ].join('\n'),
).toString('base64');

const condition = { type: 'Conformance', status: 'True', reason: 'Tested', message: 'by a test' };
const timed = { ...condition, lastTransitionTime: '2026-01-02T03:04:05Z' };
const container = { name: 'main', image: 'skiff/busybox:1' };

async function isServed(resource: Resource): Promise<void> {
  await isDiscovered(resource);
  await takesEveryVerb(resource);
}

test('C001 FlowSchema and its status are discovered and take every verb', () =>
  isServed({
    groupVersion: 'flowcontrol.apiserver.k8s.io/v1',
    resource: 'flowschemas',
    kind: 'FlowSchema',
    fields: {
      spec: {
        matchingPrecedence: 10_000,
        priorityLevelConfiguration: { name: 'global-default' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'nobody-of-conformance' } }],
            nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/conformance'] }],
          },
        ],
      },
    },
    change: { spec: { matchingPrecedence: 9999 } },
    status: { conditions: [timed] },
  }));

test('C002 PriorityLevelConfiguration and its status are discovered and take every verb', () =>
  isServed({
    groupVersion: 'flowcontrol.apiserver.k8s.io/v1',
    resource: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    fields: {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
    },
    change: { spec: { limited: { nominalConcurrencyShares: 4 } } },
    status: { conditions: [timed] },
  }));

test('C085 ValidatingAdmissionPolicy and its status are discovered and take every verb', () =>
  isServed({
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    fields: {
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'conformance/none': 'has-this' } },
          resourceRules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
          ],
        },
        validations: [{ expression: 'object.spec.replicas > 1' }],
      },
    },
    change: { spec: { failurePolicy: 'Ignore' } },
    status: { conditions: [timed] },
  }));

test('C086 ValidatingAdmissionPolicyBinding is discovered and takes every verb', () =>
  isServed({
    groupVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    fields: { spec: { policyName: 'conformance-none', validationActions: ['Deny'] } },
    change: { spec: { validationActions: ['Warn'] } },
  }));

test('C099 CronJob and its status are discovered and take every verb', ({ ns }) =>
  isServed({
    groupVersion: 'batch/v1',
    resource: 'cronjobs',
    kind: 'CronJob',
    ns,
    fields: {
      spec: {
        schedule: '0 0 29 2 *',
        concurrencyPolicy: 'Allow',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure', containers: [container] } } } },
      },
    },
    change: { spec: { suspend: true } },
    status: { lastScheduleTime: '2026-01-02T03:04:05Z' },
  }));

test('C149 CertificateSigningRequest is discovered and takes every verb; approval and status keep their conditions', async () => {
  const resource: Resource = {
    groupVersion: 'certificates.k8s.io/v1',
    resource: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
    fields: { spec: { request, signerName: 'example.com/conformance', usages: ['client auth'] } },
    status: { conditions: [condition] },
  };
  await isServed(resource);
  const path = collectionOf(resource);
  const { metadata } = await create(path, { metadata: { name: unique('approved') }, ...resource.fields });
  const one = await get(`${path}/${metadata.name}/approval`);
  const approved = await replace(`${path}/${metadata.name}/approval`, {
    ...one,
    status: { conditions: [{ ...condition, type: 'Approved' }] },
  });
  expect(approved.status.conditions).toMatchObject([{ type: 'Approved', status: 'True' }]);
  const patched = await merge(`${path}/${metadata.name}/approval`, {
    metadata: { annotations: { approval: 'patched' } },
    status: { conditions: [{ ...condition, type: 'Approved' }, condition] },
  });
  expect(patched.status.conditions).toMatchObject([{ type: 'Approved' }, { type: 'Conformance' }]);
  expect(patched.metadata.annotations).toEqual({ approval: 'patched' });
  const status = await merge(`${path}/${metadata.name}/status`, { metadata: { annotations: { status: 'patched' } } });
  expect(status.metadata.annotations).toEqual({ approval: 'patched', status: 'patched' });
  await remove(`${path}/${metadata.name}`);
});

test('C190 EndpointSlice is discovered and takes every verb', ({ ns }) =>
  isServed({
    groupVersion: 'discovery.k8s.io/v1',
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    ns,
    fields: { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.7'] }], ports: [{ name: 'web', port: 80 }] },
    change: { endpoints: [{ addresses: ['192.0.2.8'] }] },
  }));

test('C193 Ingress and its status are discovered and take every verb', ({ ns }) =>
  isServed({
    groupVersion: 'networking.k8s.io/v1',
    resource: 'ingresses',
    kind: 'Ingress',
    ns,
    fields: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
    change: { spec: { defaultBackend: { service: { name: 'web', port: { number: 8080 } } } } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } },
  }));

test('C194 IngressClass is discovered and takes every verb', () =>
  isServed({
    groupVersion: 'networking.k8s.io/v1',
    resource: 'ingressclasses',
    kind: 'IngressClass',
    fields: { spec: { controller: 'example.com/controller' } },
  }));

test('C254 Lease takes every verb and keeps its spec to the digit', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'coordination.k8s.io/v1',
    resource: 'leases',
    kind: 'Lease',
    ns,
    fields: {
      spec: {
        holderIdentity: 'holder',
        leaseDurationSeconds: 30,
        acquireTime: '2026-01-02T03:04:05.000006Z',
        renewTime: '2026-01-02T03:04:06.000007Z',
        leaseTransitions: 0,
      },
    },
    change: { spec: { holderIdentity: 'other', leaseTransitions: 1 } },
  }));

test('C257 a Node object takes every verb', () =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'nodes',
    kind: 'Node',
    fields: { spec: { unschedulable: true } },
  }));

test('C258 PodTemplates are listed by label and deleted in bulk', ({ ns }) => takesEveryVerb(podTemplates(ns)));

test('C260 a PodTemplate is created, patched, listed in all namespaces and deleted', ({ ns }) =>
  isServed(podTemplates(ns)));

test('C287 RuntimeClass is discovered and takes every verb', () =>
  isServed({
    groupVersion: 'node.k8s.io/v1',
    resource: 'runtimeclasses',
    kind: 'RuntimeClass',
    fields: { handler: 'conformance-handler' },
  }));

test('C319 CSIDriver takes every verb', () =>
  takesEveryVerb({
    groupVersion: 'storage.k8s.io/v1',
    resource: 'csidrivers',
    kind: 'CSIDriver',
    fields: { spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'] } },
    change: { spec: { podInfoOnMount: true } },
  }));

test('C321 CSINode takes every verb', () =>
  takesEveryVerb({
    groupVersion: 'storage.k8s.io/v1',
    resource: 'csinodes',
    kind: 'CSINode',
    fields: { spec: { drivers: [] } },
    change: { spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n1', topologyKeys: [] }] } },
  }));

test('C322 CSIStorageCapacity is discovered and takes every verb', ({ ns }) =>
  isServed({
    groupVersion: 'storage.k8s.io/v1',
    resource: 'csistoragecapacities',
    kind: 'CSIStorageCapacity',
    ns,
    fields: { storageClassName: 'conformance', capacity: '1Gi' },
    change: { capacity: '2Gi' },
  }));

test('C401 StorageClass takes every verb', () =>
  takesEveryVerb({
    groupVersion: 'storage.k8s.io/v1',
    resource: 'storageclasses',
    kind: 'StorageClass',
    fields: { provisioner: 'example.com/conformance', volumeBindingMode: 'Immediate', reclaimPolicy: 'Delete' },
    change: { allowVolumeExpansion: true },
  }));

test('C408 VolumeAttachment takes every verb', () =>
  takesEveryVerb({
    groupVersion: 'storage.k8s.io/v1',
    resource: 'volumeattachments',
    kind: 'VolumeAttachment',
    fields: { spec: { attacher: 'a.example.com', nodeName: 'none', source: { persistentVolumeName: 'none' } } },
  }));

test('C155 a ServiceAccount is created, watched, patched, listed by label and deleted', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'serviceaccounts',
    kind: 'ServiceAccount',
    ns,
    fields: { automountServiceAccountToken: false },
    change: { automountServiceAccountToken: true },
  }));

test('C223 a ConfigMap is created, patched, listed in all namespaces by label and deleted in bulk', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'configmaps',
    kind: 'ConfigMap',
    ns,
    fields: { data: { a: '1' } },
    change: { data: { b: '2' } },
  }));

test('C291 a Secret is created, listed in all namespaces by label, patched and deleted in bulk', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'secrets',
    kind: 'Secret',
    ns,
    fields: { type: 'Opaque', data: { a: 'MQ==' } },
    change: { data: { b: 'Mg==' } },
  }));

test('C219 Endpoints are created, listed, updated, patched and deleted in bulk, with a watch beside', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'endpoints',
    kind: 'Endpoints',
    ns,
    fields: { subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ name: 'web', port: 80, protocol: 'TCP' }] }] },
    change: { subsets: [{ addresses: [{ ip: '192.0.2.8' }], ports: [{ name: 'web', port: 80, protocol: 'TCP' }] }] },
  }));

test('C309 LimitRanges are listed in all namespaces by label, patched and deleted in bulk', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'limitranges',
    kind: 'LimitRange',
    ns,
    fields: {
      spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { cpu: '1' }, defaultRequest: { cpu: '1' } }] },
    },
    change: { spec: { limits: [{ type: 'Pod', max: { cpu: '3' } }] } },
  }));

test('C078 quotas are listed in all namespaces by label, patched and deleted in bulk', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'v1',
    resource: 'resourcequotas',
    kind: 'ResourceQuota',
    ns,
    fields: { spec: { hard: { pods: '5' } } },
    change: { spec: { hard: { pods: '6' } } },
  }));

test('C115 disruption budgets are listed in one and in all namespaces, and deleted in bulk', ({ ns }) =>
  takesEveryVerb({
    groupVersion: 'policy/v1',
    resource: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    ns,
    fields: { spec: { minAvailable: 1, selector: { matchLabels: { app: 'none' } } } },
    change: { spec: { minAvailable: '50%' } },
  }));

const podTemplates = (ns: string): Resource => ({
  groupVersion: 'v1',
  resource: 'podtemplates',
  kind: 'PodTemplate',
  ns,
  fields: { template: { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } } },
  change: { template: { metadata: { labels: { app: 'b' } } } },
});
