import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realClock } from '@skiff/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PodPlace } from './forward.ts';
import { createNetnsDialer } from './netns-dialer.ts';

/** Listens on 127.0.0.1 only: greets first, and answers the end of what it was told with its length. */
const program = `
  const { createServer } = require('node:net');
  require('node:child_process').execFileSync('ip', ['link', 'set', 'lo', 'up']);
  createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    socket.write('welcome\\n');
    socket.on('data', (part) => (bytes += part.length));
    socket.on('end', () => socket.end(bytes + ' bytes\\n'));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

let pod: ChildProcess;
let port: number;
let place: PodPlace;
const dialer = createNetnsDialer(realClock);

beforeAll(async () => {
  pod = spawn('unshare', ['--net', process.execPath, '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(pod.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  port = Number(String(line));
  place = { sandboxId: 's', netns: `/proc/${pod.pid}/ns/net` };
});
afterAll(() => {
  dialer.close();
  pod.kill();
});

const never = new AbortController().signal;

it('reaches what listens on loopback of a pod, many at once, with ends of their own', async () => {
  const replies = Array.from({ length: 20 }, async (_, i) => {
    const socket = await dialer.dial(place, port, never);
    socket.end(Buffer.alloc(i * 10_000));
    let text = '';
    for await (const part of socket) text += String(part);
    return text;
  });
  expect(await Promise.all(replies)).toEqual(Array.from({ length: 20 }, (_, i) => `welcome\n${i * 10_000} bytes\n`));
});

it('says that nobody listens', async () => {
  await expect(dialer.dial(place, 1, never)).rejects.toThrow('dial tcp4 127.0.0.1:1: connect: connection refused');
});

it('says that there is no such namespace', async () => {
  const gone = { sandboxId: 'gone', netns: '/proc/0/ns/net' };
  await expect(dialer.dial(gone, port, never)).rejects.toThrow('cannot enter the network namespace');
});

it('gives up with its caller', async () => {
  await expect(dialer.dial(place, port, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
});
