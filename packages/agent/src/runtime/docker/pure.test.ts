/** The keeper's pure parts: framing, words and options. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContainerSpec, OutputChunk } from '../contract.ts';
import { engineName, identityLabels, numberLabel, parseIdentity } from '../labels.ts';
import { toContainerOptions, toSandboxOptions } from './container.ts';
import { demux } from './demux.ts';
import { toRuntimeError } from './errors.ts';
import { parseEvent } from './events.ts';
import { pickApiVersion } from './maker.ts';
import { pauseArchive } from './pause/image.ts';
import { parseDockerTime } from './status.ts';

describe('demux', () => {
  const frames = fc.array(fc.record({ channel: fc.constantFrom(1, 2), data: fc.uint8Array({ maxLength: 40 }) }));
  const encode = (list: readonly { channel: number; data: Uint8Array }[]): Buffer =>
    Buffer.concat(
      list.flatMap(({ channel, data }) => {
        const header = Buffer.alloc(8);
        header[0] = channel;
        header.writeUInt32BE(data.length, 4);
        return [header, Buffer.from(data)];
      }),
    );
  async function read(parts: readonly Uint8Array[]): Promise<OutputChunk[]> {
    const chunks: OutputChunk[] = [];
    async function* source() {
      yield* parts;
    }
    for await (const { channel, data } of demux(source())) chunks.push({ channel, data: Buffer.from(data) });
    return chunks;
  }
  const joined = (chunks: readonly OutputChunk[], channel: string): string =>
    Buffer.concat(chunks.filter((one) => one.channel === channel).map(({ data }) => data)).toString('hex');

  test('gives each channel its bytes, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 20 })), async (list, cuts) => {
        const whole = encode(list);
        const parts: Buffer[] = [];
        let at = 0;
        for (const size of cuts) {
          parts.push(whole.subarray(at, at + size));
          at += size;
        }
        parts.push(whole.subarray(at));
        const chunks = await read(parts);
        for (const [number, channel] of [
          [1, 'stdout'],
          [2, 'stderr'],
        ] as const) {
          const sent = list.filter((one) => one.channel === number).map(({ data }) => Buffer.from(data));
          expect(joined(chunks, channel)).toBe(Buffer.concat(sent).toString('hex'));
        }
      }),
    );
  });
  test('refuses what was never framed', async () => {
    await expect(read([Buffer.from('plain text, no frames')])).rejects.toThrow('not a multiplexed stream');
  });
});

describe('labels', () => {
  const of = { role: 'container', pod: { namespace: 'ns', name: 'p', uid: 'u' }, name: 'c', attempt: 3 } as const;
  test('carry an identity there and back', () => {
    expect(parseIdentity(identityLabels(of))).toEqual(of);
    const sandbox = { ...of, role: 'sandbox', name: '' } as const;
    expect(parseIdentity(identityLabels(sandbox))).toEqual(sandbox);
    expect(engineName(of)).toBe('k8s_c_p_ns_u_3');
    expect(engineName(sandbox)).toBe('k8s_POD_p_ns_u_3');
  });
  test('of others are none of ours', () => {
    expect(parseIdentity({})).toBeUndefined();
    expect(parseIdentity({ ...identityLabels(of), 'io.skiff.container.attempt': '-1' })).toBeUndefined();
    expect(numberLabel({ a: '1e3' }, 'a', 7)).toBe(7);
  });
});

describe('events', () => {
  const attributes = identityLabels({
    ...{ role: 'container', pod: { namespace: 'ns', name: 'p', uid: 'u' }, name: 'c', attempt: 0 },
  });
  const line = (Action: string, part: object = {}) =>
    JSON.stringify({
      Action,
      Actor: { ID: 'x', Attributes: attributes },
      timeNano: 1_700_000_000_123 * 1e6,
      ...part,
    });
  test.each([
    ['start', 'started'],
    ['die', 'died'],
    ['oom', 'oom'],
    ['destroy', 'removed'],
  ])('%s is %s', (action, type) => {
    expect(parseEvent(line(action))?.event).toEqual({ type, id: 'x', podUid: 'u', name: 'c', time: 1_700_000_000_123 });
  });
  test.each([line('exec_start'), line('die', { Actor: { ID: 'x', Attributes: {} } }), '{', '', 'null'])(
    '%s is nothing to us',
    (text) => {
      expect(parseEvent(text)).toBeUndefined();
    },
  );
});

describe('errors', () => {
  const http = (statusCode: number, message: string) =>
    Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode });
  test('have the engine’s words and the call’s meaning', () => {
    expect(toRuntimeError(http(409, 'in use'), { 409: 'nameInUse' })).toMatchObject({
      code: 'nameInUse',
      message: 'in use',
    });
    expect(toRuntimeError(http(404, 'no such'))).toMatchObject({ code: 'notFound' });
    expect(toRuntimeError(http(500, 'oops'))).toMatchObject({ code: 'internal', message: 'oops' });
    expect(toRuntimeError(new Error('connect ENOENT'))).toMatchObject({ code: 'unavailable' });
  });
});

test('the API version is ours, or the nearest the engine speaks', () => {
  expect(pickApiVersion('1.41', '1.12')).toBe('1.41');
  expect(pickApiVersion('1.47', '1.24')).toBe('1.41');
  expect(pickApiVersion('1.40', undefined)).toBe('1.40');
  expect(pickApiVersion('1.52', '1.44')).toBe('1.44');
});

test('Docker’s zero time is no time', () => {
  expect(parseDockerTime('0001-01-01T00:00:00Z')).toBe(0);
  expect(parseDockerTime(undefined)).toBe(0);
  expect(parseDockerTime('2026-01-02T03:04:05.123456789Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 123));
});

test('the pause image is always the same bytes', async () => {
  for (const architecture of ['amd64', 'arm64'] as const) {
    expect(await pauseArchive(architecture)).toEqual(await pauseArchive(architecture));
  }
});

describe('options', () => {
  const security = {
    ...{ privileged: false, supplementalGroups: [2000], addCapabilities: ['CAP_NET_ADMIN'], dropCapabilities: ['all'] },
    ...{ readOnlyRootFilesystem: true, noNewPrivileges: true, procMount: 'default' as const, seccomp: 'unconfined' },
  };
  const spec: ContainerSpec = {
    ...{ pod: { namespace: 'ns', name: 'p', uid: 'u' }, name: 'c', attempt: 2, sandboxId: 's', image: 'sha256:1' },
    ...{ command: ['run'], args: [], workingDir: '/w', env: [{ name: 'A', value: 'b=c' }], devices: [] },
    mounts: [{ hostPath: '/h', containerPath: '/c', readOnly: true, propagation: 'private' }],
    ...{ stdin: false, stdinOnce: false, tty: false, ipc: 'sandbox', pid: 'own', labels: {} },
    resources: { memoryLimitBytes: 1000, oomScoreAdj: -997, cpuShares: 2 },
    security,
  };
  test('of a container: it joins its sandbox, and a limit leaves no swap', () => {
    const options = toContainerOptions(spec, { minOomScoreAdj: 0 });
    expect(options).toMatchObject({ name: 'k8s_c_p_ns_u_2', Entrypoint: ['run'], Env: ['A=b=c'] });
    expect(options).not.toHaveProperty('Cmd');
    expect(options.HostConfig).toMatchObject({
      ...{ NetworkMode: 'container:s', IpcMode: 'container:s', Memory: 1000, MemorySwap: 1000, OomScoreAdj: 0 },
      ...{ CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'], GroupAdd: ['2000'], ReadonlyRootfs: true },
      SecurityOpt: ['seccomp=unconfined', 'no-new-privileges'],
      Mounts: [{ Source: '/h', Target: '/c', ReadOnly: true }],
    });
    expect(options.HostConfig).not.toHaveProperty('PidMode');
  });
  test('of a sandbox on the host: its name is the host’s', () => {
    const sandbox = {
      pod: spec.pod,
      attempt: 0,
      hostname: 'h',
      ipc: 'own',
      pid: 'own',
      sysctls: {},
      labels: {},
    } as const;
    const options = toSandboxOptions({ ...sandbox, network: 'host' }, 'pause', { minOomScoreAdj: -1000 });
    expect(options).not.toHaveProperty('Hostname');
    expect(options.HostConfig).toMatchObject({ NetworkMode: 'host', UTSMode: 'host', OomScoreAdj: -998 });
    const own = toSandboxOptions({ ...sandbox, network: 'own', sysctls: { a: '1' } }, 'pause', { minOomScoreAdj: 0 });
    expect(own).toMatchObject({ Hostname: 'h', HostConfig: { NetworkMode: 'none', Sysctls: { a: '1' } } });
  });
});
