/** Kinds of the cluster itself: who may do what, which other servers there are, what was asked to be signed. */
import { describe, expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const service = (spec: string, name = 'v1.a.io'): string =>
  `{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: ${name}}, spec: {group: a.io, version: v1, groupPriorityMinimum: 1, versionPriority: 1, ${spec}}}`;
const behind = 'service: {namespace: ns, name: s}';

describe('an APIService', () => {
  test.each([
    ['behind a service', service(`${behind}, insecureSkipTLSVerify: true`)],
    ['of this server', service('')],
  ])('%s is fine', (_, document) => expect(faultsOf(document)).toEqual([]));

  test.each([
    [
      'a bundle of its own',
      service('caBundle: QUJD'),
      'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
    ],
    [
      'two ways to trust',
      service(`${behind}, caBundle: QUJD, insecureSkipTLSVerify: true`),
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
    [
      'another name',
      service(behind, 'v2.a.io'),
      'metadata.name: Invalid value: "v2.a.io": must be `spec.version+"."+spec.group`: "v1.a.io"',
    ],
    [
      'a port out of range',
      service('service: {namespace: ns, name: s, port: 70000}'),
      'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
    ],
  ])('with %s is refused', (_, document, fault) => expect(faultsOf(document)).toEqual([fault]));

  test('is available, or not, or nobody knows', () => {
    const next = service(behind).replace(/}$/, ', status: {conditions: [{type: Available, status: Maybe}]}}');
    expect(faultsOfChange(next, service(behind), 'status')).toEqual([
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
    ]);
  });
});

const pem = '-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n';
const request = (signerName: string): string =>
  `{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: a}, spec: {request: ${Buffer.from(pem).toString('base64')}, usages: [client auth], signerName: ${signerName}}}`;
const at = 'spec.signerName: Invalid value:';
const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'";

describe('a signer', () => {
  test.each(['a.io/b', 'kubernetes.io/kube-apiserver-client', 'issuers.cert-manager.io/ns.name'])('may be %s', (name) =>
    expect(faultsOf(request(name))).toEqual([]),
  );

  test.each([
    ['a', `${at} "a": ${form}`],
    ['a.io/b/c', `${at} "a.io/b/c": ${form}`],
    ['io/b', `${at} "io": should be a domain with at least two segments separated by dots`],
    ['A.io/b', `${at} "A.io": validating label "A": a lowercase RFC 1123 label must consist of`],
    ['a.io/B', `${at} "B": validating label "B": a lowercase RFC 1123 subdomain must consist of`],
    [
      'kubernetes.io/legacy-unknown',
      `${at} "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version`,
    ],
    [`${'a.'.repeat(150)}io/b`, 'spec.signerName: Too long: may not be more than 253 bytes'],
  ])('may not be %s', (name, fault) => expect(faultsOf(request(name)).join('\n')).toContain(fault));
});

test('a subject without a name is told so twice, as Kubernetes does', () => {
  const binding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: User, name: "", apiGroup: rbac.authorization.k8s.io}]}`;
  expect(faultsOf(binding)).toEqual([
    'subjects[0].name: Required value',
    'subjects[0].name: Invalid value: "": user name cannot be empty',
  ]);
});
