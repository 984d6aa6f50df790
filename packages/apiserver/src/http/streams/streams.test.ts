import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RawData, WebSocket } from 'ws';
import { type Conversation, linkAgent, linked } from '../../grpc/testing/agent.ts';
import { runningPod } from '../../grpc/testing/pods.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { evilArchive } from './testing/archive.ts';
import { kubectlBinary, oldKubectlBinary } from './testing/kubectl.ts';
import { toBytes } from './websocket-exec.ts';

let at: TestServer;
let directory: string;
/** By version. */
const kubectls = new Map<Version, string>();

type Version = '1.20' | '1.32';

/** What runs in the pods of this file. */
async function serve(conversation: Conversation): Promise<void> {
  const { open } = conversation;
  if (open.logs !== undefined) {
    await conversation.out('CHANNEL_STDOUT', `${JSON.stringify(open.logs)}\n`);
    conversation.end();
    return;
  }
  if (open.portForward !== undefined) {
    if (open.portForward.port === 81) {
      conversation.end({ statusJson: JSON.stringify({ reason: 'InternalError', message: 'connection refused' }) });
      return;
    }
    // A server that answers one request, whatever it is.
    for await (const piece of conversation.input) {
      const body = `you said ${piece.toString().split('\r\n')[0]}`;
      await conversation.out(
        'CHANNEL_STDOUT',
        `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      conversation.end();
    }
    return;
  }
  const [command, argument = ''] = (open.exec ?? open.attach)?.command ?? [];
  if (command === 'cat') {
    let bytes = 0;
    for await (const piece of conversation.input) {
      bytes += piece.length;
      await conversation.out('CHANNEL_STDOUT', piece);
    }
    await conversation.out('CHANNEL_STDERR', `${bytes} bytes`);
    conversation.end({ exitCode: 0 });
  } else if (command === 'first') {
    for await (const piece of conversation.input) {
      await conversation.out('CHANNEL_STDOUT', `${piece.length > 0}`);
      break;
    }
    conversation.end({ exitCode: 5 });
  } else if (command === 'size') {
    await expect.poll(() => conversation.sizes.at(-1)).toBeDefined();
    await conversation.out('CHANNEL_STDOUT', JSON.stringify(conversation.sizes.at(-1)));
    conversation.end({ exitCode: 0 });
  } else if (command === 'tar') {
    await conversation.out('CHANNEL_STDOUT', evilArchive);
    conversation.end({ exitCode: 0 });
  } else if (command === 'exit') conversation.end({ exitCode: Number(argument) });
  else if (command === undefined) {
    await conversation.out('CHANNEL_STDOUT', 'attached');
    conversation.end({ exitCode: 0 });
  } else
    conversation.end({
      statusJson: JSON.stringify({ reason: 'BadRequest', code: 400, message: `no ${command} here` }),
    });
}

beforeAll(async () => {
  at = await startTestServer();
  linkAgent(at, await at.issue('system:node:n', ['system:nodes']), 'n', serve);
  await runningPod(at, 'p', 'n');
  await runningPod(at, 'two', 'n', ['a', 'b']);
  await linked(at, 'n');
  directory = await mkdtemp(join(tmpdir(), 'skiff-streams-'));
  kubectls.set('1.32', await kubectlBinary(directory));
  kubectls.set('1.20', await oldKubectlBinary());
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    clusters: [
      {
        name: 'x',
        cluster: {
          server: `https://127.0.0.1:${at.restPort}`,
          'certificate-authority-data': base64(at.ca.certificatePem),
        },
      },
    ],
    users: [
      {
        name: 'x',
        user: {
          'client-certificate-data': base64(at.admin.certificatePem),
          'client-key-data': base64(at.admin.keyPem),
        },
      },
    ],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
  };
  await writeFile(join(directory, 'config'), JSON.stringify(config));
});
afterAll(async () => {
  await at.close();
  await rm(directory, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (more: Record<string, string> = {}) => ({
  KUBECONFIG: join(directory, 'config'),
  HOME: directory,
  ...more,
});

function run(
  args: readonly string[],
  options: { input?: string | Buffer; env?: Record<string, string>; version?: Version } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      kubectls.get(options.version ?? '1.32') ?? '',
      args,
      { env: environment(options.env), maxBuffer: 64 * 1024 * 1024, timeout: 50_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
    // A command may end before it has read all of it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

const spdyOnly = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };

describe.each<[Version, string, Record<string, string>]>([
  ['1.32', 'WebSocket', {}],
  ['1.32', 'SPDY', spdyOnly],
  ['1.20', 'SPDY', {}],
])('kubectl %s over %s', (version, _, env) => {
  const how = { version, env };

  it('runs a command that reads and writes', async () => {
    const input = 'line of text\n'.repeat(50_000);
    const { code, stdout, stderr } = await run(['exec', '-i', 'p', '--', 'cat'], { input, ...how });
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${input.length} bytes` });
    expect(stdout === input).toBe(true);
  });

  it('ends with the command’s own exit code', async () => {
    expect(await run(['exec', 'p', '--', 'exit', '42'], how)).toMatchObject({ code: 42, stdout: '' });
  });

  it('says why a command could not run', async () => {
    const { code, stderr } = await run(['exec', 'p', '--', 'fly'], how);
    expect(code).toBe(1);
    expect(stderr).toContain('no fly here');
  });

  it('ends with a command that does not take all of its input', async () => {
    const input = Buffer.alloc(8 * 1024 * 1024);
    expect(await run(['exec', '-i', 'p', '--', 'first'], { input, ...how })).toMatchObject({ code: 5 });
  });

  it('tells the size of its terminal', async () => {
    const command = `stty cols 97 rows 31; '${kubectls.get(version)}' exec -it p -- size`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...environment(env), PATH: '/usr/bin:/bin' },
    });
    let text = '';
    child.stdout.on('data', (part) => (text += String(part)));
    await once(child, 'exit');
    expect(text).toContain('{"columns":97,"rows":31}');
  });

  it('attaches', async () => {
    expect(await run(['attach', 'p'], how)).toMatchObject({ code: 0, stdout: 'attached' });
  });

  it('is refused before anything starts', async () => {
    const { stderr } = await run(['exec', 'nope', '--', 'cat'], how);
    expect(stderr).toContain('pods "nope" not found');
    const container = await run(['exec', 'two', '-c', 'z', '--', 'cat'], how);
    expect(container.stderr).toContain('container z');
  });

  it('forwards connections to a port, many at once, and tells of one that fails', async () => {
    const child = spawn(kubectls.get(version) ?? '', ['port-forward', 'p', ':80', ':81'], { env: environment(env) });
    // Newer kubectls end by themselves when a connection fails, so the end may come at any moment.
    const exited = once(child, 'exit');
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part) => (stdout += String(part)));
    child.stderr.on('data', (part) => (stderr += String(part)));
    await expect.poll(() => stdout.match(/127\.0\.0\.1:(\d+) -> 8[01]/g)?.length).toBe(2);
    const portOf = (target: number) => Number(new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${target}`).exec(stdout)?.[1]);
    const replies = await Promise.all(Array.from({ length: 10 }, (_, i) => fetchText(portOf(80), `/${i}`)));
    expect(replies).toEqual(Array.from({ length: 10 }, (_, i) => `you said GET /${i} HTTP/1.1`));
    const refused = createConnection(portOf(81), '127.0.0.1');
    refused.on('error', () => {});
    await once(refused, 'close');
    await expect.poll(() => stderr).toContain('connection refused');
    if (version === '1.20') child.kill();
    await exited;
    expect(stderr.includes('lost connection to pod')).toBe(version !== '1.20');
  });
});

function fetchText(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });
}

describe('logs', () => {
  it('are asked for with all their options', async () => {
    const { stdout } = await run(['logs', 'p', '--tail=5', '--since=1h', '--timestamps', '--limit-bytes=100']);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ container: 'c', follow: false, previous: false, tailLines: '5', timestamps: true, limitBytes: '100' },
      sinceTime: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('are refused with Kubernetes’ words', async () => {
    const several = await at.request('/api/v1/namespaces/default/pods/two/log');
    expect([several.status, JSON.parse(several.text).message]).toEqual([
      400,
      'a container name must be specified for pod two, choose one of: [a b]',
    ]);
    const both = await at.request(
      '/api/v1/namespaces/default/pods/p/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
    );
    expect(both.status).toBe(422);
  });
});

describe('kubectl cp', () => {
  it('H-196 writes nothing outside its target, whatever the container’s tar holds', async () => {
    const target = join(directory, 'target');
    const { stderr } = await run(['cp', 'p:/x', target]);
    // The honest file of the archive arrived whole; what leads out did not.
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('honest\n');
    // kubectl keeps what it knows of the server in `.kube`.
    const around = (await readdir(directory)).filter((name) => name !== '.kube').sort();
    expect(around).toEqual(['config', 'kubectl', 'target']);
    expect(stderr).toContain('outside');
  });
});

describe('a WebSocket', () => {
  const connect = (query: string, protocols: string[]): WebSocket =>
    new WebSocket(`wss://127.0.0.1:${at.restPort}/api/v1/namespaces/default/pods/p/exec?${query}`, protocols, {
      ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
    });

  it.each(['v4.channel.k8s.io', 'v5.channel.k8s.io'])('speaks %s', async (protocol) => {
    const socket = connect('command=cat&stdin=1&stdout=1&stderr=1', [protocol]);
    const seen: string[] = [];
    socket.on('message', (data: RawData) => {
      const bytes = toBytes(data);
      seen.push(`${bytes[0]}:${bytes.subarray(1)}`);
    });
    await once(socket, 'open');
    expect(socket.protocol).toBe(protocol);
    socket.send(Buffer.from('\0hello'));
    await expect.poll(() => seen).toContain('1:hello');
    socket.send('\0text');
    await expect.poll(() => seen).toContain('1:text');
    if (protocol === 'v4.channel.k8s.io') {
      // v4 has no way to end the input alone.
      socket.close();
      return;
    }
    socket.send(Buffer.from([255, 0]));
    await once(socket, 'close');
    expect(seen).toEqual(['1:', '1:hello', '1:text', '2:9 bytes', '3:{"metadata":{},"status":"Success"}']);
  });

  it('is refused without a common protocol, without streams, without rights', async () => {
    const refusal = async (socket: WebSocket): Promise<string> => {
      const [error] = await once(socket, 'error');
      return String((error as Error).message);
    };
    expect(await refusal(connect('command=cat&stdout=1', ['v9.channel.k8s.io']))).toContain('400');
    expect(await refusal(connect('command=cat', ['v5.channel.k8s.io']))).toContain('400');
    const jane = await at.issue('jane');
    const url = `wss://127.0.0.1:${at.restPort}/api/v1/namespaces/default/pods/p/exec?command=cat&stdout=1`;
    const options = { ca: at.ca.certificatePem, cert: jane.certificatePem, key: jane.keyPem };
    expect(await refusal(new WebSocket(url, ['v5.channel.k8s.io'], options))).toContain('403');
  });

  it('is not opened by a plain GET', async () => {
    const reply = await at.request('/api/v1/namespaces/default/pods/p/exec?command=cat&stdout=1');
    expect([reply.status, JSON.parse(reply.text).message]).toEqual([400, 'Upgrade request required']);
  });
});

it('failed for no reason of its own in any of this', () => {
  expect(at.log.filter((line) => line.startsWith('error'))).toEqual([]);
});
