import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { linkAgent, linked } from '../../grpc/testing/agent.ts';
import { runningPod } from '../../grpc/testing/pods.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { upgraded, webSocketHeaders } from './testing/raw.ts';
import { toBytes } from './websocket-exec.ts';

let at: TestServer;

beforeAll(async () => {
  at = await startTestServer();
  linkAgent(at, await at.issue('system:node:n', ['system:nodes']), 'n', async (conversation) => {
    const { port = 0 } = conversation.open.portForward ?? {};
    if (port === 81) {
      conversation.end({ statusJson: JSON.stringify({ reason: 'InternalError', message: 'connection refused' }) });
      return;
    }
    for await (const piece of conversation.input) {
      await conversation.out('CHANNEL_STDOUT', `${port} heard ${piece.toString()}`);
      if (piece.toString() === 'end') break;
    }
    conversation.end();
  });
  await runningPod(at, 'p', 'n');
  await linked(at, 'n');
});
afterAll(() => at.close());

const connect = (query: string): WebSocket =>
  new WebSocket(
    `wss://127.0.0.1:${at.restPort}/api/v1/namespaces/default/pods/p/portforward?${query}`,
    ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    { ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
  );

/** What came on each channel, joined. */
function received(socket: WebSocket): Map<number, string> {
  const channels = new Map<number, string>();
  socket.on('message', (data) => {
    const [number = 0, ...rest] = toBytes(data as Buffer);
    channels.set(number, (channels.get(number) ?? '') + Buffer.from(rest).toString('latin1'));
  });
  return channels;
}

it('carries each port on two channels that begin with its number, and ends with the last', async () => {
  const socket = connect('ports=80,8080&ports=81');
  const channels = received(socket);
  await once(socket, 'open');
  expect(socket.protocol).toBe('v4.channel.k8s.io');
  socket.send(Buffer.from('\x00one'));
  await expect.poll(() => channels.get(0)).toBe('\x50\x0080 heard one');
  socket.send(Buffer.from('\x02two'));
  await expect.poll(() => channels.get(2)).toBe('\x90\x1f8080 heard two');
  expect(channels.get(1)).toBe('\x50\x00');
  await expect.poll(() => channels.get(5)).toBe('\x51\x00connection refused');
  socket.send('\x00text');
  await expect.poll(() => channels.get(0)).toBe('\x50\x0080 heard one80 heard text');
  // Of no channel, of an error's, of a port that has ended.
  for (const message of ['\xff?', '\x01?', '\x04?', '\x0a?']) socket.send(Buffer.from(message, 'latin1'));
  socket.send(Buffer.from('\x02end'));
  socket.send(Buffer.from('\x00end'));
  const [code] = await once(socket, 'close');
  expect(code).toBe(1000);
  expect(channels.get(0)).toBe('\x50\x0080 heard one80 heard text80 heard end');
});

it('H-192 carries a port that is named twice on channels of their own', async () => {
  const socket = connect('ports=80&ports=80');
  const channels = received(socket);
  await once(socket, 'open');
  socket.send(Buffer.from('\x02two'));
  await expect.poll(() => channels.get(2)).toBe('\x50\x0080 heard two');
  expect(channels.get(0)).toBe('\x50\x00');
  for (const end of ['\x00end', '\x02end']) socket.send(Buffer.from(end));
  await once(socket, 'close');
});

it.each([
  ['', 400],
  ['ports=0', 400],
  ['ports=-1', 400],
  ['ports=http', 400],
  ['ports=65536', 400],
  [`ports=${Array(1000).fill(80).join(',')}`, 400],
])('H-192 refuses the query %s', async (query, status) => {
  const socket = connect(query);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(status);
  response.destroy();
});

it('agrees on the tunnel that kubectl asks for, whose name is no HTTP token', async () => {
  const raw = await upgraded(at, 'p/portforward', webSocketHeaders('SPDY/3.1+portforward.k8s.io'));
  expect(raw.received().toString('latin1')).toContain('Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n');
  raw.socket.destroy();
});
