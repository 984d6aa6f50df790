import { expect, test } from 'vitest';
import { faultsOfChange } from '../testing.ts';

test('a finished container of a pod that does not restart stays finished', () => {
  const status = (state: string): string =>
    `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}, status: {containerStatuses: [{name: c, image: i, imageID: "", ready: false, restartCount: 0, state: ${state}}]}}`;
  expect(faultsOfChange(status('{running: {}}'), status('{terminated: {exitCode: 0}}'), 'status')).toEqual([
    'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
  expect(faultsOfChange(status('{terminated: {exitCode: 0}}'), status('{running: {}}'), 'status')).toEqual([]);
});

const pod = (status: string, spec = 'restartPolicy: Never'): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {${spec}, containers: [{name: c, image: i}]}, status: {${status}}}`;

test.each([
  [
    'conditions: [{type: "a b", status: "True"}]',
    'metadata.conditions[0].Type: Invalid value: "a b": name part must consist',
  ],
  ['nominatedNodeName: A', 'status.nominatedNodeName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
  ['podIPs: [{ip: x}]', 'status.podIPs[0]: Invalid value: "x": must be a valid IP address'],
  ['podIPs: [{ip: 10.0.0.1}, {ip: 10.0.0.2}]', 'status.podIPs: Invalid value'],
  [
    'hostIP: 10.0.0.1, hostIPs: [{ip: 10.0.0.2}]',
    'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`',
  ],
  [
    'resourceClaimStatuses: [{name: x}]',
    'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in `spec.resourceClaims`',
  ],
  [
    'containerStatuses: [{name: c, image: i, imageID: "", ready: false, restartCount: 0, user: {linux: {uid: -1, gid: 0}}}]',
    'status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ],
])('status %s', (status, fault) => {
  const [first] = faultsOfChange(pod(status), pod(''), 'status');
  expect(first?.slice(0, fault.length)).toBe(fault);
});

test('what a node agent reports is valid', () => {
  const status =
    'phase: Running, hostIP: 10.0.0.1, hostIPs: [{ip: 10.0.0.1}], podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}, {ip: "fd00::2"}], conditions: [{type: Ready, status: "True"}, {type: example.com/gate, status: "False"}, {type: PodReadyToStartContainers, status: "True"}]';
  expect(faultsOfChange(pod(status), pod(''), 'status')).toEqual([]);
});

test('a sidecar may start again, and an ephemeral container not', () => {
  const ended = '{terminated: {exitCode: 0}}';
  const init = (state: string): string =>
    pod(
      `initContainerStatuses: [{name: d, image: i, imageID: "", ready: false, restartCount: 0, state: ${state}}]`,
      'restartPolicy: Never, initContainers: [{name: d, image: i, restartPolicy: Always}, {name: e, image: i}]',
    );
  expect(faultsOfChange(init('{running: {}}'), init(ended), 'status')).toEqual([]);
  const plain = (state: string): string =>
    init(state).replace('[{name: d, image: i, imageID', '[{name: e, image: i, imageID');
  expect(faultsOfChange(plain('{running: {}}'), plain(ended), 'status')).toEqual([
    'status.initContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
  const debug = (state: string): string =>
    pod(
      `ephemeralContainerStatuses: [{name: d, image: i, imageID: "", ready: false, restartCount: 0, state: ${state}}]`,
      'restartPolicy: Always',
    );
  expect(faultsOfChange(debug('{running: {}}'), debug(ended), 'status')).toEqual([
    'status.ephemeralContainerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
  ]);
});
