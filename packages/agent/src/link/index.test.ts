import type { Pod } from '@skiff/api';
import type { OpenExec, OpenLogs } from '@skiff/api/wire';
import { settle } from '@skiff/client/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../runtime/contract.ts';
import { pod, startTestNode, type TestNode } from './testing/node.ts';
import { windowBytes } from './window.ts';

let node: TestNode;
beforeEach(async () => {
  node = await startTestNode();
});
afterEach(() => node.stop());

const logsOf = (more: Partial<OpenLogs> = {}): { logs: OpenLogs } => ({
  logs: {
    ...{ podUid: pod.uid, container: 'c', follow: false, previous: false, sinceTime: '', timestamps: false },
    ...more,
  },
});
const execOf = (command: string[], more: Partial<OpenExec> = {}): OpenExec => ({
  ...{ podUid: pod.uid, container: 'c', command, stdin: false, stdout: true, stderr: true, tty: false },
  ...more,
});
const stdin = (text: string | Buffer) => ({ channel: 'CHANNEL_STDIN' as const, data: Buffer.from(text) });
const endInput = { channel: 'CHANNEL_STDIN' as const, statusJson: '' };
const giveUp = { channel: 'CHANNEL_UNSPECIFIED' as const, statusJson: '' };
const statusOf = (stream: number) => JSON.parse(node.end.endOf(stream)?.statusJson || '{}');
const creditOf = (stream: number) =>
  node.end.received.reduce((sum, one) => sum + (one.stream === stream ? (one.credit ?? 0) : 0), 0);

describe('a link', () => {
  it('says who the node is and answers pings', async () => {
    await node.end.say({ stream: 0, ping: true });
    expect(node.end.received).toEqual([
      { stream: 0, hello: { nodeName: 'n', agentVersion: '1' } },
      { stream: 0, pong: true },
    ]);
  });

  it('is given up when the server is silent, and made again', async () => {
    await node.clock.advance(29_999);
    expect(node.end.canceled).toBe(false);
    await node.clock.advance(1);
    expect(node.ends[0]?.canceled).toBe(true);
    await node.clock.advance(250);
    expect(node.ends).toHaveLength(2);
    expect(node.end.received[0]?.hello?.nodeName).toBe('n');
  });

  it('is made again more and more slowly while it fails, and fast after it stood', async () => {
    const waits: number[] = [];
    const failOnce = async (): Promise<void> => {
      const before = node.ends.length;
      const startMs = node.clock.now();
      node.end.end(new Error('down'));
      await settle();
      while (node.ends.length === before) await node.clock.advance(50);
      waits.push(node.clock.now() - startMs);
    };
    for (let i = 0; i < 7; i++) await failOnce();
    await node.end.say({ stream: 0, ping: true });
    await node.clock.advance(10_000);
    await failOnce();
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 7500, 7500, 250]);
  });

  it('refuses a stream that it does not know', async () => {
    await node.end.open(1, {});
    expect(statusOf(1)).toMatchObject({ status: 'Failure', reason: 'BadRequest' });
  });

  it('ends when a stream is opened twice', async () => {
    await node.start('c', 'sleep inf');
    await node.end.open(1, logsOf({ follow: true }));
    await node.end.open(1, logsOf({ follow: true }));
    expect(node.end.canceled).toBe(true);
  });

  it('H-246 carries no more streams than its bound', async () => {
    await node.start('c', 'sleep inf');
    for (let i = 1; i <= 1001; i++) await node.end.open(i, logsOf({ follow: true }));
    expect(statusOf(1001)).toMatchObject({ reason: 'TooManyRequests', code: 429 });
    expect(node.end.endOf(1000)).toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    await node.stop();
    expect(node.clock.pending).toBe(0);
  });
});

describe('logs', () => {
  it('are those of the newest run, and with previous of the one before', async () => {
    await node.start('c', 'echo one; exit 1');
    await node.start('c', 'echo two; sleep inf');
    await node.end.open(1, logsOf());
    await node.end.open(2, logsOf({ previous: true }));
    expect([node.end.outputOf(1), node.end.outputOf(2)]).toEqual(['two\n', 'one\n']);
    expect(node.end.endOf(1)).toMatchObject({ statusJson: '' });
  });

  it('with previous are those of the newest run while the container waits for its next', async () => {
    await node.start('c', 'echo one; exit 1');
    await node.start('c', 'echo two; exit 1');
    const status = (state: object) =>
      node.pods.set(pod.uid, { status: { containerStatuses: [{ name: 'c', state }] } } as unknown as Pod);
    status({ waiting: { reason: 'CrashLoopBackOff' } });
    await node.end.open(1, logsOf({ previous: true }));
    status({ terminated: { exitCode: 1 } });
    await node.end.open(2, logsOf({ previous: true }));
    expect([node.end.outputOf(1), node.end.outputOf(2)]).toEqual(['two\n', 'one\n']);
  });

  it('follow until the container ends', async () => {
    const id = await node.start('c', 'echo one; sleep 5; echo two; sleep inf');
    await node.end.open(1, logsOf({ follow: true }));
    expect(node.end.outputOf(1)).toBe('one\n');
    await node.clock.advance(5000);
    expect(node.end.outputOf(1)).toBe('one\ntwo\n');
    node.runtime.kill(id);
    await settle();
    expect(node.end.endOf(1)).toBeDefined();
  });

  it('keep to tail, since, timestamps and limitBytes', async () => {
    const startMs = node.clock.now();
    await node.start('c', 'echo one; sleep 10; echo two; echo three; sleep inf');
    await node.clock.advance(10_000);
    const at = (ms: number) => new Date(startMs + ms).toISOString();
    await node.end.open(1, logsOf({ tailLines: '1' }));
    await node.end.open(2, logsOf({ sinceTime: at(5000) }));
    await node.end.open(3, logsOf({ timestamps: true, tailLines: '1' }));
    await node.end.open(4, logsOf({ limitBytes: '6' }));
    await node.end.open(5, logsOf({ tailLines: '0' }));
    expect([1, 2, 3, 4, 5].map(node.end.outputOf)).toEqual([
      ...['three\n', 'two\nthree\n', `${at(10_000)} three\n`, 'one\ntw', ''],
    ]);
  });

  it.each([
    ['that never started', logsOf({ container: 'x' }), 'container "x" in pod "p" is not available'],
    ['that never ended', logsOf({ previous: true }), 'previous terminated container "c" in pod "p" not found'],
    ['since no time', logsOf({ sinceTime: 'soon' }), '"soon" is not a time'],
    ['H-193 of a path', logsOf({ container: '../../x' }), 'container "../../x" in pod "p" is not available'],
  ])('of a container %s are refused', async (_, open, message) => {
    await node.start('c', 'sleep inf');
    await node.end.open(1, open);
    expect(statusOf(1)).toMatchObject({ reason: 'BadRequest', message });
  });

  it('wait for credit, in frames of 64 KiB', async () => {
    const text = 'x'.repeat(windowBytes + 100_000);
    await node.start('c', `echo ${text}; sleep inf`);
    await node.end.open(1, logsOf());
    const sizes = () => node.end.received.flatMap((one) => (one.data ? [one.data.data.length] : []));
    expect(sizes()).toEqual([65_536, 65_536, 65_536, 65_536]);
    await node.end.say({ stream: 1, credit: 65_536 });
    expect(sizes()).toHaveLength(5);
    expect(node.end.endOf(1)).toBeUndefined();
    await node.end.say({ stream: 1, credit: 65_536 });
    expect(node.end.outputOf(1)).toBe(`${text}\n`);
    expect(node.end.endOf(1)).toBeDefined();
  });

  it('stop when nobody listens any more, and when the link ends', async () => {
    await node.start('c', 'sleep inf');
    await node.end.open(1, logsOf({ follow: true }));
    await node.end.open(2, logsOf({ follow: true }));
    await node.end.say({ stream: 1, end: giveUp });
    expect(node.end.endOf(1)).toBeDefined();
    expect(node.end.endOf(2)).toBeUndefined();
    node.end.end();
    // Returns only when every stream has ended.
    await node.stop();
  });

  it('say that the engine does not answer', async () => {
    node.runtime.down = true;
    await node.end.open(1, logsOf());
    expect(statusOf(1)).toMatchObject({ reason: 'ServiceUnavailable', code: 503 });
  });
});

describe('exec', () => {
  beforeEach(async () => {
    await node.start('c', 'sleep inf');
  });

  it('carries input, output and the exit code', async () => {
    await node.end.open(1, { exec: execOf(['sh', '-c', 'echo out; echo err >&2; cat; exit 3'], { stdin: true }) });
    await node.end.say({ stream: 1, data: stdin('hello') });
    expect(node.end.endOf(1)).toBeUndefined();
    await node.end.say({ stream: 1, end: endInput });
    const data = node.end.received.flatMap((one) => (one.data ? [[one.data.channel, one.data.data.toString()]] : []));
    expect(data).toEqual([
      ['CHANNEL_STDOUT', 'out\n'],
      ['CHANNEL_STDERR', 'err\n'],
      ['CHANNEL_STDOUT', 'hello'],
    ]);
    expect(node.end.endOf(1)).toMatchObject({ exitCode: 3, statusJson: '' });
  });

  it('sends only the channels asked for', async () => {
    await node.end.open(1, { exec: execOf(['sh', '-c', 'echo out; echo err >&2'], { stdout: false }) });
    expect(node.end.outputOf(1)).toBe('err\n');
  });

  it('gives credit for input as the process takes it', async () => {
    await node.end.open(1, { exec: execOf(['cat'], { stdin: true }) });
    await node.end.say({ stream: 1, data: stdin(Buffer.alloc(60_000)) });
    expect(creditOf(1)).toBe(0);
    await node.end.say({ stream: 1, data: stdin(Buffer.alloc(60_000)) });
    expect(creditOf(1)).toBe(120_000);
  });

  it('ends for a server that sends more than the window', async () => {
    await node.end.open(2, { exec: execOf(['sh', '-c', 'sleep inf']) });
    for (let i = 0; i < 5; i++) await node.end.say({ stream: 2, data: stdin(Buffer.alloc(65_536)) });
    expect(statusOf(2)).toMatchObject({ reason: 'InternalError', message: expect.stringContaining('more than') });
  });

  it('kills the command when it is given up', async () => {
    await node.end.open(1, { exec: execOf(['sh', '-c', 'sleep inf']) });
    await node.end.say({ stream: 1, end: giveUp });
    expect(statusOf(1)).toMatchObject({ reason: 'ServiceUnavailable' });
    expect(node.end.endOf(1)?.exitCode).toBeUndefined();
  });

  it('waits for an exit code that the engine tells late', async () => {
    const exec = node.runtime.exec.bind(node.runtime);
    const codes = [undefined, undefined, 7];
    node.runtime.exec = async (...of) => ({ ...(await exec(...of)), exitCode: async () => codes.shift() });
    await node.end.open(1, { exec: execOf(['true']) });
    expect(node.end.endOf(1)).toBeUndefined();
    await node.clock.advance(30);
    expect(node.end.endOf(1)).toMatchObject({ exitCode: 7 });
  });

  it('tells the terminal’s newest sizes, and none that is none', async () => {
    const sizes: object[] = [];
    const exec = node.runtime.exec.bind(node.runtime);
    node.runtime.exec = async (...of) => ({
      ...(await exec(...of)),
      resize: async (size) => void sizes.push(size),
    });
    await node.end.open(1, { exec: execOf(['sh', '-c', 'sleep inf'], { tty: true }) });
    await node.end.say({ stream: 1, resize: { columns: 80, rows: 24 } });
    await node.end.say({ stream: 1, resize: { columns: 0, rows: 24 } });
    await node.end.say({ stream: 1, resize: { columns: 70_000, rows: 24 } });
    for (let i = 1; i <= 1000; i++) void node.end.say({ stream: 1, resize: { columns: i, rows: 1 } });
    await settle();
    expect(sizes[0]).toEqual({ columns: 80, rows: 24 });
    expect(sizes.at(-1)).toEqual({ columns: 1000, rows: 1 });
  });

  it.each([
    ['a container that is not there', 'x', undefined, { reason: 'NotFound', message: 'container not found ("x")' }],
    ['a container that has ended', 'done', undefined, { reason: 'NotFound', message: 'container not found ("done")' }],
    [
      'an engine that refuses',
      'c',
      new RuntimeError('internal', 'no such program'),
      { reason: 'InternalError', message: 'no such program' },
    ],
  ])('says why: %s', async (_, container, error, expected) => {
    await node.start('done', 'exit 0');
    if (error !== undefined) node.runtime.failNext('exec', error);
    await node.end.open(1, { exec: execOf(['true'], { container }) });
    expect(statusOf(1)).toMatchObject(expected);
  });
});

describe('attach', () => {
  it('names the container that does not run, and its pod', async () => {
    await node.start('done', 'exit 0');
    await node.start('c', 'cat', { stdin: true });
    await node.end.open(1, { attach: execOf([], { container: 'done' }) });
    node.runtime.failNext('attach', new RuntimeError('notRunning', 'Container 1 is not running'));
    await node.end.open(2, { attach: execOf([]) });
    for (const [stream, name] of [
      [1, 'done'],
      [2, 'c'],
    ] as const)
      expect(statusOf(stream)).toMatchObject({
        reason: 'NotFound',
        message: `container ${name} not found in pod p_default`,
      });
  });

  it('carries input and output of the main process until it ends, and leaves it when given up', async () => {
    await node.start('c', 'cat', { stdin: true });
    const attach = { attach: execOf([], { stdin: true }) };
    await node.end.open(1, attach);
    await node.end.open(2, attach);
    await node.end.say({ stream: 1, data: stdin('hello') });
    expect([node.end.outputOf(1), node.end.outputOf(2)]).toEqual(['hello', 'hello']);
    await node.end.say({ stream: 1, end: giveUp });
    expect(node.end.endOf(1)).toBeDefined();
    await node.end.say({ stream: 2, end: endInput });
    expect(node.end.endOf(2)).toEqual({ channel: 'CHANNEL_UNSPECIFIED', statusJson: '' });
  });
});

describe('port forwarding', () => {
  const forward = (port: number) => ({ portForward: { podUid: pod.uid, port } });

  it('carries bytes both ways, from inside the sandbox’s namespace', async () => {
    await node.end.open(1, forward(80));
    const { place, port, socket } = node.dialled[0] as TestNode['dialled'][number];
    const { pid } = await node.runtime.inspect(node.sandboxId);
    expect([place, port]).toEqual([{ sandboxId: node.sandboxId, netns: `/proc/${pid}/ns/net` }, 80]);
    // The far end is an echo.
    await node.end.say({ stream: 1, data: stdin('hello') });
    await expect.poll(() => node.end.outputOf(1)).toBe('hello');
    await node.end.say({ stream: 1, end: endInput });
    await expect.poll(() => node.end.endOf(1)).toMatchObject({ statusJson: '' });
    expect(socket.destroyed).toBe(true);
  });

  it('closes the connection when it is given up', async () => {
    await node.end.open(1, forward(80));
    await node.end.say({ stream: 1, end: giveUp });
    expect(node.dialled[0]?.socket.destroyed).toBe(true);
  });

  it.each([
    [81, 'InternalError', 'error forwarding port 81 to pod u1: dial tcp4 127.0.0.1:81: connect: connection refused'],
    [0, 'BadRequest', '0 is not a port: it must be between 1 and 65535'],
    [65_536, 'BadRequest', '65536 is not a port: it must be between 1 and 65535'],
  ])('H-192 to port %i fails alone', async (port, reason, message) => {
    await node.end.open(1, forward(80));
    await node.end.open(2, forward(port));
    expect(statusOf(2)).toMatchObject({ reason, message });
    expect(node.end.endOf(1)).toBeUndefined();
  });

  it('to a pod that is not here is refused', async () => {
    await node.end.open(1, { portForward: { podUid: 'other', port: 80 } });
    expect(statusOf(1)).toMatchObject({ reason: 'NotFound' });
  });
});

describe('a page', () => {
  it('is its text, or NotFound', async () => {
    await node.end.open(1, { page: { path: 'metrics' } });
    expect(node.end.outputOf(1)).toBe('up 1\n');
    expect(node.end.endOf(1)).toMatchObject({ statusJson: '' });
    await node.end.open(2, { page: { path: '../secret' } });
    expect(statusOf(2)).toMatchObject({ reason: 'NotFound' });
  });
});

describe('stats', () => {
  it('are one document in the kubelet’s shape', async () => {
    await node.start('c', 'sleep inf');
    await node.start('done', 'exit 0');
    await node.end.open(1, { stats: {} });
    expect(JSON.parse(node.end.outputOf(1))).toEqual({
      node: {
        nodeName: 'n',
        cpu: { time: '2026-01-02T03:04:05Z', usageCoreNanoSeconds: 5_000_000_000 },
        memory: { time: '2026-01-02T03:04:05Z', usageBytes: 400, workingSetBytes: 300, availableBytes: 700 },
      },
      pods: [
        {
          podRef: { name: 'p', namespace: 'default', uid: 'u1' },
          startTime: '2026-01-02T03:04:05Z',
          containers: [
            {
              ...{ name: 'c', startTime: '2026-01-02T03:04:05Z' },
              cpu: { time: '2026-01-02T03:04:05Z', usageCoreNanoSeconds: 1_000_000 },
              memory: { time: '2026-01-02T03:04:05Z', usageBytes: 2_000_000, workingSetBytes: 1_000_000 },
            },
          ],
          cpu: { time: '2026-01-02T03:04:05Z', usageCoreNanoSeconds: 1_000_000 },
          memory: { time: '2026-01-02T03:04:05Z', usageBytes: 2_000_000, workingSetBytes: 1_000_000 },
        },
      ],
    });
    expect(node.end.endOf(1)).toMatchObject({ statusJson: '' });
    await node.clock.advance(10_000);
    await node.end.open(2, { stats: {} });
    expect(JSON.parse(node.end.outputOf(2)).pods[0].cpu.usageNanoCores).toBe(0);
  });
});
