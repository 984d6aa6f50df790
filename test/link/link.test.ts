/** The agent's link and the API server's, over real gRPC: the agent's containers are fakes, all that is between is real. */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dialTcp, type Server } from 'node:net';
import { realClock } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { connect } from '@skiff/client/connect';
import { createKeepingLogger } from '@skiff/client/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLink } from '../../packages/agent/src/link/index.ts';
import type { ContainerSpec, OutputChunk } from '../../packages/agent/src/runtime/contract.ts';
import { FakeRuntime } from '../../packages/agent/src/runtime/fake/runtime.ts';
import { runningPod } from '../../packages/apiserver/src/grpc/testing/pods.ts';
import { startTestServer, type TestServer } from '../../packages/apiserver/src/http/testing/server.ts';
import { type Relay, startRelay } from './relay.ts';

let at: TestServer;
let relay: Relay;
let runtime: FakeRuntime;
let user: SkiffClient;
let node: SkiffClient;
let echo: Server;
let stop: AbortController;
let done: Promise<void>;
let container: string;
const agentLog = createKeepingLogger();

const pods = { get: () => undefined };
const host = async () => ({
  ...{ time: realClock.now(), cpuNanoseconds: 0n, memoryTotalBytes: 3 },
  ...{ memoryUsageBytes: 2, memoryWorkingSetBytes: 1 },
});

beforeEach(async () => {
  at = await startTestServer();
  relay = await startRelay(at.grpcAddress);
  runtime = new FakeRuntime(realClock);
  runtime.addImage('busybox');
  echo = createServer((socket) => socket.pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  stop = new AbortController();
  const as = async (name: string, groups: string[], endpoint: string) => {
    const { certificatePem: cert, keyPem: key } = await at.issue(name, groups);
    const tls = { ca: at.ca.certificatePem, cert, key };
    return connect({ endpoints: [endpoint], tls, clock: realClock, random: Math.random, logger: agentLog });
  };
  node = await as('system:node:n', ['system:nodes'], relay.address);
  user = await as('admin', ['system:masters'], at.grpcAddress);
  const uid = await runningPod(at, 'p', 'n');
  const pod = { namespace: 'default', name: 'p', uid };
  const sandboxId = await runtime.runSandbox({
    ...{ pod, attempt: 0, hostname: 'p', network: 'own', ipc: 'own', pid: 'own', sysctls: {}, labels: {} },
  });
  container = await runtime.createContainer({
    ...{ pod, name: 'c', attempt: 0, sandboxId, image: 'busybox', command: ['sh', '-c', 'echo hello; sleep inf'] },
    ...{ args: [], workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
    ...{ ipc: 'sandbox', pid: 'own', resources: {}, labels: {}, security: {} as ContainerSpec['security'] },
  });
  await runtime.startContainer(container);
});
afterEach(async () => {
  stop.abort();
  await done;
  node.close();
  user.close();
  echo.close();
  await relay.close();
  await at.close();
});

function link(): void {
  const deps = { runtime, pods, host, clock: realClock, random: Math.random, logger: agentLog };
  const servers = [{ endpoint: relay.address, open: node.nodes.link }];
  const dial = async (_: object, port: number) => {
    const socket = dialTcp(port === 80 ? (echo.address() as AddressInfo).port : 1, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  done = runLink(
    { ...deps, nodeName: 'n', agentVersion: '1', servers, dial, pages: async function* () {} },
    stop.signal,
  );
}

/** Waits until the server has a link that came after `before` others. */
const linked = (before = 0): Promise<void> =>
  expect.poll(() => at.log.filter((line) => line.includes('a node linked')).length).toBeGreaterThan(before);

const podName = { namespace: 'default', pod: 'p' };
const execOf = (command: string[], more: object = {}) => ({
  ...{ ...podName, container: 'c', command, stdin: false, stdout: true, stderr: true, tty: false },
  ...more,
});

describe('over a link', () => {
  beforeEach(async () => {
    link();
    await linked();
  });

  it('logs are followed until the container ends', async () => {
    let text = '';
    for await (const data of user.pods.logs({ ...podName, follow: true })) {
      text += String(data);
      runtime.kill(container);
    }
    expect(text).toBe('hello\n');
  });

  it('a command takes 8 MiB in and gives them back', async () => {
    const call = user.pods.exec(execOf(['cat'], { stdin: true }));
    const writing = (async () => {
      for (let i = 0; i < 128; i++) await call.write({ stdin: Buffer.alloc(65_536, i) });
      await call.write({ stdinClosed: true });
    })();
    const parts: Buffer[] = [];
    let exitCode: number | undefined;
    for await (const message of call.output) {
      if (message.stdout !== undefined) parts.push(message.stdout);
      exitCode ??= message.exitCode;
    }
    await writing;
    const sent = Buffer.concat(Array.from({ length: 128 }, (_, i) => Buffer.alloc(65_536, i)));
    expect([Buffer.concat(parts).equals(sent), exitCode]).toEqual([true, 0]);
  });

  it('a port carries bytes both ways, and one that is closed says so', async () => {
    const call = user.pods.portForward();
    await call.write({ open: { ...podName, port: 80 } });
    await call.write({ data: Buffer.from('ping') });
    const output = call.output[Symbol.asyncIterator]();
    expect(String((await output.next()).value.data)).toBe('ping');
    call.end();
    expect((await output.next()).done).toBe(true);
    const refused = user.pods.portForward();
    await refused.write({ open: { ...podName, port: 81 } });
    await expect(refused.output[Symbol.asyncIterator]().next()).rejects.toThrow('error forwarding port 81');
  });

  it('a client that does not read holds up the command, and nobody else', async () => {
    let produced = 0;
    let closed = false;
    const exec = runtime.exec.bind(runtime);
    runtime.exec = async (id, options) => {
      if (options.command[0] !== 'flood') return exec(id, options);
      async function* flood(): AsyncGenerator<OutputChunk> {
        for (; !closed; produced += 32_768) yield { channel: 'stdout', data: new Uint8Array(32_768) };
      }
      const close = async (): Promise<void> => {
        closed = true;
      };
      return { ...(await exec(id, { ...options, command: ['true'] })), output: flood(), close };
    };
    const call = user.pods.exec(execOf(['flood']));
    await call.output[Symbol.asyncIterator]().next();
    let before = -1;
    await expect
      .poll(
        () => {
          const still = produced === before;
          before = produced;
          return still;
        },
        { interval: 300, timeout: 15_000 },
      )
      .toBe(true);
    expect(produced).toBeLessThan(8 * 1024 * 1024);
    const other = user.pods.exec(execOf(['sh', '-c', 'exit 3']));
    for await (const message of other.output) expect(message).toMatchObject({ exitCode: 3 });
    call.cancel();
    await expect.poll(() => closed).toBe(true);
  });

  it('a cut ends every stream on both sides, and the node links again', async () => {
    const reading = (async () => {
      for await (const _ of user.pods.logs({ ...podName, follow: true })) relay.cut();
    })();
    await expect(reading).rejects.toThrow('the connection to node "n" ended');
    await linked(1);
    for await (const message of user.pods.exec(execOf(['sh', '-c', 'exit 4'])).output)
      expect(message).toMatchObject({ exitCode: 4 });
  });
});

it('a connection that is accepted and then left dead is given up, and made anew', async () => {
  relay.mute = true;
  link();
  await expect.poll(() => relay.accepted).toBe(1);
  relay.mute = false;
  await linked();
  expect(relay.accepted).toBeGreaterThan(1);
});
