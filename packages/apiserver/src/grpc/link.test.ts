/** H-186: agents that do not keep to the link's rules. Each is told, or left, and nobody else is held up. */
import { type ClientDuplexStream, status as code, type ServiceError } from '@grpc/grpc-js';
import type { LinkDown, LinkUp } from '@skiff/api/wire';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../http/testing/server.ts';
import type { KeyPair } from '../pki/authority.ts';
import { clients } from './testing/clients.ts';
import { containerStatus, runningPod, setStatus } from './testing/pods.ts';

let at: TestServer;
let node: KeyPair;
/** Each test's own node. */
let name: string;
let count = 0;

beforeAll(async () => {
  at = await startTestServer();
});
afterAll(() => at.close());
beforeEach(async () => {
  name = `n${++count}`;
  node = await at.issue(`system:node:${name}`, ['system:nodes']);
});

interface Wild {
  say(frame: LinkUp | object): void;
  readonly heard: LinkDown[];
  /** The status that the link ended with. */
  readonly ended: Promise<number>;
  close(): void;
}

function wildAgent(onOpen: (stream: number, say: Wild['say']) => void = () => {}): Wild {
  const client = at.grpc<{ Link(): ClientDuplexStream<LinkUp, LinkDown>; close(): void }>(clients.Nodes, node);
  const call = client.Link();
  const heard: LinkDown[] = [];
  const say = (frame: LinkUp | object): void => void call.write(frame as LinkUp);
  call.on('data', (frame: LinkDown) => {
    heard.push(frame);
    if (frame.open !== undefined) onOpen(frame.stream, say);
  });
  const ended = new Promise<number>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(error.code));
    call.on('end', () => resolve(0));
  });
  return { say, heard, ended, close: () => client.close() };
}

const hello = () => ({ stream: 0, hello: { nodeName: name, agentVersion: 'x' } });
const stdout = (stream: number, data: string | Buffer) => ({
  stream,
  data: { channel: 'CHANNEL_STDOUT', data: Buffer.from(data) },
});
const end = (stream: number, statusJson = '') => ({ stream, end: { channel: 'CHANNEL_UNSPECIFIED', statusJson } });

/** Asks for a log once the node is linked. */
async function logOf(): Promise<{ status: number; text: string }> {
  await expect
    .poll(() => at.log.some((line) => line.includes('a node linked') && line.includes(`"${name}"`)))
    .toBe(true);
  await runningPod(at, name, name);
  await setStatus(at, name, { containerStatuses: [containerStatus('c', { running: {} })] });
  return at.request(`/api/v1/namespaces/default/pods/${name}/log`);
}

describe('a link ends', () => {
  it.each<[string, () => (LinkUp | object)[], number]>([
    ['when it does not begin with hello', () => [{ stream: 0, pong: true }], code.INVALID_ARGUMENT],
    ['when it begins with nothing', () => [{}], code.INVALID_ARGUMENT],
    ['at a frame that says nothing', () => [hello(), { stream: 3 }], code.INVALID_ARGUMENT],
    [
      'at a message above the limit',
      () => [hello(), stdout(1, Buffer.alloc(100 * 1024 * 1024))],
      code.RESOURCE_EXHAUSTED,
    ],
    ['when it says hello as another', () => [{ stream: 0, hello: { nodeName: 'x' } }], code.PERMISSION_DENIED],
  ])('%s', async (_, frames, expected) => {
    const agent = wildAgent();
    for (const frame of frames()) agent.say(frame);
    expect(await agent.ended).toBe(expected);
    agent.close();
  });
});

describe('a stream', () => {
  it('hears nothing of what is said to others, of credit never owed, or of a second end', async () => {
    const agent = wildAgent((stream, say) => {
      for (const frame of [stdout(99, 'nobody'), { stream, credit: 0xffff_ffff }, { stream: 0, credit: 5 }]) say(frame);
      for (const frame of [stdout(stream, 'a line\n'), end(stream), end(stream, '{"message":"again"}')]) say(frame);
    });
    agent.say(hello());
    expect(await logOf()).toMatchObject({ status: 200, text: 'a line\n' });
    agent.close();
  });

  it.each([
    ['no JSON', 'oops', 500, 'oops'],
    ['another document', '[1]', 500, 'the node reported a failure'],
    ['a Status', '{"status":"Failure","reason":"NotFound","code":404,"message":"gone"}', 404, 'gone'],
    ['a code that is none', '{"message":"odd","code":"x"}', 500, 'odd'],
    ['a code beyond HTTP', '{"message":"odd","code":99999}', 500, 'odd'],
    ['a reason without a code', '{"message":"gone","reason":"NotFound"}', 404, 'gone'],
    ['a reason that is none', '{"message":"odd","reason":"constructor"}', 500, 'odd'],
    ['null', 'null', 500, 'the node reported a failure'],
  ])('fails with what the agent says: %s', async (_, statusJson, status, message) => {
    const agent = wildAgent((stream, say) => say(end(stream, statusJson)));
    agent.say(hello());
    const reply = await logOf();
    expect([reply.status, JSON.parse(reply.text)]).toEqual([
      status,
      expect.objectContaining({ message, code: status }),
    ]);
    agent.close();
  });

  it('is given up when the agent sends without credit', async () => {
    const agent = wildAgent((stream, say) => {
      for (let i = 0; i < 64; i++) say(stdout(stream, Buffer.alloc(1024 * 1024)));
    });
    agent.say(hello());
    const cut = await logOf().catch((error: Error) => ({ status: 0, text: error.message }));
    expect([0, 500]).toContain(cut.status);
    await expect.poll(() => agent.heard.filter((frame) => frame.end !== undefined)).toHaveLength(1);
    agent.close();
  });
});
