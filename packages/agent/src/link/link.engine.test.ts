/** A link over a real engine: what only real containers and namespaces can show. */
import { realClock } from '@skiff/api';
import type { OpenExec } from '@skiff/api/wire';
import { silentLogger } from '@skiff/client/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerSpec } from '../runtime/contract.ts';
import { createDockerRuntime, type DockerRuntimeHandle } from '../runtime/docker/maker.ts';
import { busyboxArchive } from '../runtime/testing/busybox.ts';
import { canRunEngine, type Engine, startEngine } from '../runtime/testing/engine.ts';
import { createNetnsDialer, readHostUsage, runLink } from './index.ts';
import { createServerEnd, type ServerEnd } from './testing/server-end.ts';

const image = 'link/shell:1';
const pod = { namespace: 'default', name: 'p', uid: 'uid-link' };
/** Listens on 127.0.0.1 only, and writes a line now and then. */
const script = 'echo index > /tmp/index.html; busybox httpd -p 127.0.0.1:8080 -h /tmp; echo ready; exec sleep 1000';

describe.skipIf(!canRunEngine())('a link over Docker (needs root and dockerd)', () => {
  let engine: Engine;
  let handle: DockerRuntimeHandle;
  let end: ServerEnd;
  let done: Promise<void>;
  let stream = 0;
  const stop = new AbortController();
  const dialer = createNetnsDialer(realClock);

  beforeAll(async () => {
    engine = await startEngine();
    handle = await createDockerRuntime(engine.socketPath, realClock);
    const { runtime } = handle;
    const archive = await busyboxArchive(image);
    await runtime.loadImage(
      (async function* () {
        yield archive;
      })(),
    );
    const sandboxId = await runtime.runSandbox({
      ...{ pod, attempt: 0, hostname: 'p', network: 'own', ipc: 'own', pid: 'own', sysctls: {}, labels: {} },
    });
    const spec: ContainerSpec = {
      ...{ pod, name: 'c', attempt: 0, sandboxId, image, command: ['sh', '-c', script], args: [], workingDir: '' },
      ...{ env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false, ipc: 'sandbox', pid: 'own' },
      ...{ resources: {}, labels: {} },
      security: {
        ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
        ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' },
      },
    };
    await runtime.startContainer(await runtime.createContainer(spec));
    end = createServerEnd();
    stop.signal.addEventListener('abort', () => end.end(), { once: true });
    const servers = [{ endpoint: 'a', open: () => end.duplex }];
    const host = () => readHostUsage(realClock);
    const seams = { clock: realClock, random: Math.random, logger: silentLogger };
    const deps = {
      runtime,
      servers,
      host,
      dial: dialer.dial,
      pods: { get: () => undefined },
      ...seams,
      pages: async function* () {},
    };
    done = runLink({ nodeName: 'n', agentVersion: '1', ...deps }, stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await done;
    dialer.close();
    handle.close();
    await engine.remove();
  });

  const logText = async (): Promise<string> => {
    const id = ++stream;
    const logs = { podUid: pod.uid, container: 'c', follow: false, previous: false, sinceTime: '', timestamps: false };
    await end.open(id, { logs });
    await expect.poll(() => end.endOf(id)).toBeDefined();
    return end.outputOf(id);
  };
  const exec = async (command: string[], more: Partial<OpenExec> = {}): Promise<number> => {
    const id = ++stream;
    const asked = { stdin: false, stdout: true, stderr: true, tty: false, ...more };
    await end.open(id, { exec: { podUid: pod.uid, container: 'c', command, ...asked } });
    return id;
  };
  const input = (id: number, text: string) =>
    end.say({ stream: id, data: { channel: 'CHANNEL_STDIN', data: Buffer.from(text) } });

  test('the log', async () => {
    await expect.poll(logText).toBe('ready\n');
  });

  test('a command’s input, output, errors and exit code', async () => {
    const id = await exec(['sh', '-c', 'cat; echo no >&2; exit 5'], { stdin: true });
    await input(id, 'hello ');
    await end.say({ stream: id, end: { channel: 'CHANNEL_STDIN', statusJson: '' } });
    await expect.poll(() => end.endOf(id)).toMatchObject({ exitCode: 5, statusJson: '' });
    expect(end.outputOf(id).split('').sort().join('')).toBe('hello no\n'.split('').sort().join(''));
  });

  test('exit codes of many at once: none is lost between the end of the output and the engine’s word', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, (_, i) => exec(['sh', '-c', `exit ${i}`])));
    await expect.poll(() => ids.map((id) => end.endOf(id)?.exitCode)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('a terminal’s size, also as it changes', async () => {
    const id = await exec(['sh'], { stdin: true, tty: true });
    const sizeIs = (columns: number, rows: number) =>
      expect
        .poll(async () => {
          await input(id, 'busybox stty size\n');
          return end.outputOf(id);
        })
        .toContain(`${rows} ${columns}`);
    await end.say({ stream: id, resize: { columns: 97, rows: 31 } });
    await sizeIs(97, 31);
    await end.say({ stream: id, resize: { columns: 60, rows: 20 } });
    await sizeIs(60, 20);
    await input(id, 'exit 9\n');
    await expect.poll(() => end.endOf(id)).toMatchObject({ exitCode: 9 });
  });

  test('a command that is given up is killed', async () => {
    const id = await exec(['sh', '-c', 'exec sleep 7777']);
    const runs = async (): Promise<boolean> => {
      const look = await exec(['ps']);
      await expect.poll(() => end.endOf(look)).toBeDefined();
      return end.outputOf(look).includes('sleep 7777');
    };
    await expect.poll(runs).toBe(true);
    await end.say({ stream: id, end: { channel: 'CHANNEL_UNSPECIFIED', statusJson: '' } });
    await expect.poll(runs).toBe(false);
  });

  test('a port that listens on the pod’s loopback alone', async () => {
    const id = ++stream;
    await end.open(id, { portForward: { podUid: pod.uid, port: 8080 } });
    await input(id, 'GET / HTTP/1.0\r\n\r\n');
    await expect.poll(() => end.endOf(id)).toMatchObject({ statusJson: '' });
    expect(end.outputOf(id)).toMatch(/^HTTP\/1\.[01] 200 OK[\s\S]*index\n$/);
    const closed = ++stream;
    await end.open(closed, { portForward: { podUid: pod.uid, port: 8081 } });
    await expect.poll(() => end.endOf(closed)?.statusJson).toContain('connection refused');
  });

  test('usage of the node and of the pod', async () => {
    const id = ++stream;
    await end.open(id, { stats: {} });
    await expect.poll(() => end.endOf(id)).toBeDefined();
    const { node, pods } = JSON.parse(end.outputOf(id));
    expect(node.memory.workingSetBytes).toBeGreaterThan(0);
    expect(node.cpu.usageCoreNanoSeconds).toBeGreaterThan(0);
    expect(pods).toMatchObject([{ podRef: { name: 'p', namespace: 'default' }, containers: [{ name: 'c' }] }]);
    expect(pods[0].memory.workingSetBytes).toBeGreaterThan(0);
  });
});
