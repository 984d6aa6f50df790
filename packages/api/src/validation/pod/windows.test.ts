import { describe, expect, test } from 'vitest';
import { faultsOf, podText } from '../testing.ts';

const options = (text: string): string => `securityContext: {windowsOptions: {${text}}}`;
const at = 'spec.securityContext.windowsOptions';

describe('options of Windows', () => {
  test.each<[string, string[]]>([
    ['gmsaCredentialSpecName: a.b, gmsaCredentialSpec: x, runAsUserName: ContainerUser', []],
    ["runAsUserName: 'dom.example\\user'", []],
    ["runAsUserName: 'NT AUTHORITY\\NETWORK SERVICE'", []],
    ['gmsaCredentialSpec: ""', ['gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string']],
    ['runAsUserName: ""', ['runAsUserName: Invalid value: "": runAsUserName cannot be an empty string']],
    [
      'runAsUserName: "a\\tb"',
      ['runAsUserName: Invalid value: "a\\tb": runAsUserName cannot contain control characters'],
    ],
    [
      "runAsUserName: 'a\\b\\c'",
      ['runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash'],
    ],
    [
      "runAsUserName: 'a*\\'",
      [
        'runAsUserName: Invalid value: "a*\\\\": runAsUserName\'s Domain doesn\'t match the NetBios nor the DNS format',
        'runAsUserName: Invalid value: "a*\\\\": runAsUserName\'s User cannot be empty',
      ],
    ],
    [
      'runAsUserName: ". ."',
      ['runAsUserName: Invalid value: ". .": runAsUserName\'s User cannot contain only periods or spaces'],
    ],
    [
      'runAsUserName: "a@b"',
      [
        'runAsUserName: Invalid value: "a@b": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
      ],
    ],
  ])('%s', (text, faults) => expect(faultsOf(podText(options(text)))).toEqual(faults.map((fault) => `${at}.${fault}`)));

  test('have bounds', () => {
    const told = (text: string): string[] => faultsOf(podText(options(text))).map((fault) => fault.slice(-60));
    expect(told(`gmsaCredentialSpec: ${'x'.repeat(65_537)}`)).toEqual([
      expect.stringMatching(/gmsaCredentialSpec size must be under 64 KiB$/),
    ]);
    expect(told(`runAsUserName: ${'u'.repeat(105)}`)).toEqual([
      expect.stringMatching(/User length must not be longer than 104 characters$/),
    ]);
    expect(told(`runAsUserName: '${'d'.repeat(256)}\\u'`)).toEqual([
      expect.stringMatching(/Domain length must be under 256 characters$/),
      expect.stringMatching(/Domain doesn't match the NetBios nor the DNS format$/),
    ]);
  });

  test('stand in containers too', () => {
    expect(faultsOf(podText('', options('gmsaCredentialSpec: ""')))).toEqual([
      'spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string',
    ]);
  });
});

test.each<[string, string, string[]]>([
  [`hostNetwork: true, ${options('hostProcess: true')}`, '', []],
  [
    options('hostProcess: true'),
    options('hostProcess: false'),
    [
      'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    ],
  ],
  [
    'initContainers: [{name: i, image: i}]',
    options('hostProcess: true'),
    [
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
  ],
])('processes of the host: %s, %s', (spec, container, faults) =>
  expect(faultsOf(podText(spec, container))).toEqual(faults),
);

test('a pod of Windows has nothing of Linux, told in order', () => {
  const spec =
    'os: {name: windows}, hostPID: true, hostIPC: false, shareProcessNamespace: false, securityContext: {runAsUser: 1, fsGroup: 1, seLinuxOptions: {}}';
  expect(faultsOf(podText(spec, 'securityContext: {privileged: false}'))).toEqual(
    [
      ...['securityContext.seLinuxOptions', 'hostPID', 'securityContext.fsGroup', 'shareProcessNamespace'],
      ...['securityContext.runAsUser', 'containers[0].securityContext.privileged'],
    ].map((name) => `spec.${name}: Forbidden: cannot be set for a windows pod`),
  );
});

test('a container is judged in order', () => {
  const container =
    'securityContext: {procMount: Hat, seccompProfile: {type: Hat}, appArmorProfile: {type: Hat}, runAsUser: -1, windowsOptions: {runAsUserName: ""}}';
  expect(faultsOf(podText('', container)).map((fault) => fault.split(': ')[0]?.split('securityContext.')[1])).toEqual([
    'runAsUser',
    'procMount',
    'seccompProfile.type',
    'windowsOptions.runAsUserName',
    'appArmorProfile.type',
  ]);
});
