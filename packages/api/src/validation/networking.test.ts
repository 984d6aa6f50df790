import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const object = (kind: string, spec: string, metadata = ''): string =>
  `{apiVersion: networking.k8s.io/v1, kind: ${kind}, metadata: {name: a, ${metadata}}, spec: {${spec}}}`;
const backend = (text: string): string => object('Ingress', `defaultBackend: {${text}}`);
const rule = (path: string): string => object('Ingress', `rules: [{host: "*.a.b", http: {paths: [${path}]}}]`);
const service = 'service: {name: s, port: {number: 80}}';

test.each([
  [backend(service), []],
  [backend('resource: {apiGroup: a.b, kind: Bucket, name: x}'), []],
  [backend(''), ['spec.defaultBackend: Invalid value: "": resource or service backend is required']],
  [
    backend('resource: {apiGroup: A, name: a/b}'),
    [
      expect.stringMatching(
        /^spec\.defaultBackend\.resource\.apiGroup: Invalid value: "A": a lowercase RFC 1123 subdomain/,
      ),
      'spec.defaultBackend.resource.kind: Required value: kind is required',
      'spec.defaultBackend.resource.name: Invalid value: "a/b": may not contain \'/\'',
    ],
  ],
  [backend('service: {name: s, port: {}}'), ['spec.defaultBackend: Required value: port name or number is required']],
  [backend('service: {name: s, port: {name: "", number: 80}}'), []],
  // Without a type of path nothing more of the path is looked at.
  [
    rule('{path: /, backend: {}}'),
    ['spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified'],
  ],
  [rule(`{path: /a, pathType: Prefix, backend: {${service}}}`), []],
  [
    object('IngressClass', 'controller: "a.b/c d"'),
    [expect.stringMatching(/^spec\.controller: Invalid value: "a\.b\/c d": Invalid path/)],
  ],
  [object('IngressClass', ''), ['spec.controller: Required value']],
  [
    object('IngressClass', 'controller: a.b/c, parameters: {kind: K, name: x, scope: Namespace}'),
    ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
  ],
  [object('IngressClass', 'controller: a.b/c, parameters: {apiGroup: k.io, kind: K, name: x}'), []],
  [
    object('NetworkPolicy', 'podSelector: {}, ingress: [{ports: [{protocol: ICMP}]}], policyTypes: [Other]'),
    [
      'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
      'spec.policyTypes[0]: Unsupported value: "Other": supported values: "Ingress", "Egress"',
    ],
  ],
])('%s', (document, faults) => {
  expect(faultsOf(document)).toEqual(faults);
});

test('a new ingress names one class, in either way or both', () => {
  const ingress = (old: string): string =>
    object(
      'Ingress',
      `ingressClassName: c, defaultBackend: {${service}}`,
      `annotations: {kubernetes.io/ingress.class: ${old}}`,
    );
  expect(faultsOf(ingress('c'))).toEqual([]);
  expect(faultsOf(ingress('d'))).toEqual([
    'annotations.kubernetes.io/ingress.class: Invalid value: "d": must match `ingressClassName` when both are specified',
  ]);
  expect(faultsOfChange(ingress('d'), ingress('d'))).toEqual([]);
});
