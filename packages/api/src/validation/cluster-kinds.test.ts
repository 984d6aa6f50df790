/** Kinds of the cluster itself: who may do what, which other servers there are, what was asked to be signed. */
import { describe, expect, test } from 'vitest';
import { faultsOf, faultsOfChange, requestPems } from './testing.ts';

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

/** What a signer may answer with. */
const issued = `-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhR6wsLz98peWpmiMEvmmt0l46DKWTAFBgMrZXAwDDEKMAgG
A1UEAwwBYTAgFw0yNjExMjUxMjU5NTZaGA8yMTI2MTEwMTEyNTk1NlowDDEKMAgG
A1UEAwwBYTAqMAUGAytlcAMhADZ2iI3L/5ftsyTgGMzbQ5KQL88nSogHf7bctnVj
N58Do1MwUTAdBgNVHQ4EFgQUkQLDpIWFL3gWvNTXp8xivQuoK5kwHwYDVR0jBBgw
FoAUkQLDpIWFL3gWvNTXp8xivQuoK5kwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQAKOBNHmMD0LvyuFaiwgtv10vkHeQ6k+86yRVEe14zRQ8bygfJwQZ0ZuQyMGCnE
mbCx4ctqMDUJTjyvqGtwNQQL
-----END CERTIFICATE-----
`;
const encoded = Buffer.from(requestPems.ec).toString('base64');
const request = (signerName: string, more = '', pem = encoded, usages = '[client auth]'): string =>
  `{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: a}, spec: {request: ${pem}, usages: ${usages}, signerName: ${signerName}${more}}}`;
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

describe('a certificate request', () => {
  const known =
    '"any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"';
  test.each<[string, string, string[]]>([
    [
      'of no PEM',
      request('a.io/b', '', 'YWI='),
      ['spec.request: Invalid value: []byte{0x61, 0x62}: PEM block type must be CERTIFICATE REQUEST'],
    ],
    ['without usages', request('a.io/b', '', encoded, '[]'), ['spec.usages: Required value']],
    [
      'of usages that are none, and twice',
      request('a.io/b', '', encoded, '[hat, client auth, client auth]'),
      [
        `spec.usages[0]: Unsupported value: "hat": supported values: ${known}`,
        'spec.usages[2]: Duplicate value: "client auth"',
      ],
    ],
    [
      'of nine minutes',
      request('a.io/b', ', expirationSeconds: 599'),
      ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
    ],
    ['of ten minutes', request('a.io/b', ', expirationSeconds: 600'), []],
  ])('%s', (_, document, faults) => expect(faultsOf(document)).toEqual(faults));

  const withStatus = (status: string): string => request('a.io/b').replace(/}$/, `, status: ${status}}`);
  const certificate = (pem: string): string => `{certificate: ${Buffer.from(pem).toString('base64')}}`;
  const block = (type: string, body: string): string => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;
  const approved = '{conditions: [{type: Approved, status: "True"}]}';
  test.each<[string, string, string, string, string[]]>([
    ['approves', 'approval', '{}', approved, []],
    [
      'approves what was denied',
      'approval',
      '{conditions: [{type: Denied, status: "True"}]}',
      '{conditions: [{type: Denied, status: "True"}, {type: Approved, status: "True"}]}',
      ['status.conditions[1].type: Invalid value: "Approved": Approved and Denied conditions are mutually exclusive'],
    ],
    [
      'approves halfway',
      'approval',
      '{}',
      '{conditions: [{type: Approved, status: "False"}]}',
      ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
    ],
    [
      'takes an approval back',
      'approval',
      approved,
      '{}',
      ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    ],
    [
      'approves by its status',
      'status',
      '{}',
      approved,
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      'issues nothing',
      'status',
      '{}',
      certificate('x'),
      ['status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'],
    ],
    [
      'issues a key',
      'status',
      '{}',
      certificate(block('KEY', 'AAAA')),
      ['status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "KEY"'],
    ],
    [
      'issues what is no certificate',
      'status',
      '{}',
      certificate(block('CERTIFICATE', 'AAAA')),
      ['status.certificate: Invalid value: "<certificate data>": x509: malformed certificate'],
    ],
    [
      'issues by its approval',
      'approval',
      '{}',
      certificate(issued),
      ['status.certificate: Forbidden: updates may not set certificate content'],
    ],
    ['issues', 'status', '{}', certificate(issued), []],
    [
      'issues again',
      'status',
      certificate(issued),
      certificate(`${issued}${issued}`),
      ['status.certificate: Forbidden: updates may not modify existing certificate content'],
    ],
  ])('whose change %s', (_, subresource, before, next, faults) =>
    expect(faultsOfChange(withStatus(next), withStatus(before), subresource)).toEqual(faults),
  );
});

test('a selector of an aggregated role that selects nothing', () => {
  const role = (rule: string): string =>
    `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, aggregationRule: ${rule}}`;
  expect(faultsOf(role('{clusterRoleSelectors: [{matchExpressions: [{key: a, operator: In}]}]}'))).toEqual([
    "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    'aggregationRule.clusterRoleSelectors[0]: Invalid value: "null": invalid label selector.',
  ]);
  expect(faultsOf(role('{}'))).toEqual([
    'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
  ]);
});

test('a subject without a name is told so twice, as Kubernetes does', () => {
  const binding = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: User, name: "", apiGroup: rbac.authorization.k8s.io}]}`;
  expect(faultsOf(binding)).toEqual(['subjects[0].name: Required value']);
});
