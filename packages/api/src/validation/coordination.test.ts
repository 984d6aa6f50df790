import { expect, test } from 'vitest';
import { faultsOf } from './testing.ts';

const priorityClass = (name: string, rest: string): string =>
  `{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: ${name}}, ${rest}}`;
const runtimeClass = (rest: string): string =>
  `{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: h, ${rest}}`;
const lease = (spec: string): string =>
  `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: a}, spec: {${spec}}}`;
const reserved =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";

test.each([
  [priorityClass('system-node-critical', 'value: 2000001000'), []],
  [priorityClass('system-mine', 'value: 1'), [`${reserved}system-mine is not a known system priority class`]],
  [
    priorityClass('system-node-critical', 'value: 1'),
    [`${reserved}value of system-node-critical PriorityClass must be 2000001000`],
  ],
  [
    priorityClass('system-node-critical', 'value: 2000001000, globalDefault: true'),
    [`${reserved}globalDefault of system-node-critical PriorityClass must be false`],
  ],
  [
    priorityClass('mine', 'value: 1000000001'),
    ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
  ],
  [runtimeClass('overhead: {podFixed: {cpu: 100m, memory: 64Mi}}, scheduling: {nodeSelector: {a: b}}'), []],
  [
    runtimeClass('overhead: {podFixed: {cpu: -1}}'),
    ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    runtimeClass('scheduling: {nodeSelector: {a: "b c"}, tolerations: [{operator: Exists, value: x}]}'),
    [
      expect.stringMatching(/^scheduling\.nodeSelector: Invalid value: "b c": a valid label/),
      expect.stringMatching(/^scheduling\.tolerations\[0\]\.operator: /),
    ],
  ],
  [
    runtimeClass(
      'scheduling: {tolerations: [{key: a, operator: Exists}, {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 1}, {key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 2}]}',
    ),
    [
      'scheduling.tolerations[2]: Duplicate value: core.Toleration{Key:"a", Operator:"Exists", Value:"", Effect:"NoExecute", TolerationSeconds:(*int64)(0x0)}',
    ],
  ],
  [
    lease('preferredHolder: b, holderIdentity: a'),
    ['spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined'],
  ],
])('%s', (document, faults) => {
  expect(faultsOf(document)).toEqual(faults);
});
