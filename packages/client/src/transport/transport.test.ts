import { rootCertificates } from 'node:tls';
import {
  ChannelCredentials,
  type ChannelOptions,
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { ApiError, type Clock, notFound, realClock, resources } from '@skiff/api';
import { services, toGrpcFailure } from '@skiff/api/wire';
import { afterEach, expect, test } from 'vitest';
import { createSeededRandom, createStepClock, pod, type StepClock, silentLogger } from '../testing/index.ts';
import { type CallContext, duplex, serverStream, unary } from './calls.ts';
import { FailoverChannel } from './channel.ts';
import { connect } from './connect.ts';
import { resourceClient } from './resources.ts';
import { type Door, startDoor } from './testing/door.ts';
import { type Relay, startRelay } from './testing/relay.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Unary = ServerUnaryCall<{ target: { name: string } }, unknown>;
const json = (name: string) => ({ json: JSON.stringify(pod(name)) });
const getNames = { Get: (call: Unary, answer: sendUnaryData<object>) => answer(null, json(call.request.target.name)) };

async function door(...args: Parameters<typeof startDoor>): Promise<Door> {
  const started = await startDoor(...args);
  stops.push(started.stop);
  return started;
}

async function relay(port: number, mode: Relay['mode'] = 'open'): Promise<Relay> {
  const started = await startRelay(port);
  started.mode = mode;
  stops.push(started.close);
  return started;
}

function dial(endpoints: readonly string[], clock: Clock = realClock, options: ChannelOptions = {}): CallContext {
  const how = { credentials: ChannelCredentials.createInsecure(), options };
  const channel = new FailoverChannel({ endpoints, dial: () => how, clock, logger: silentLogger });
  stops.push(() => channel.close());
  return { channel, metadata: new Metadata(), clock: realClock };
}

const podsOf = (context: CallContext) => resourceClient(context, resources.pods);

/** Steps a watchdog's clock, a little real time between, until the condition holds. */
async function stepUntil(clock: StepClock, done: () => boolean): Promise<void> {
  while (!done()) {
    clock.step(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('a half-open connect: a server that accepts and says nothing is given up after five seconds and dialled anew', async () => {
  const { port } = await door(getNames);
  const silent = await relay(port, 'silent');
  const clock = createStepClock();
  const context = dial([silent.address], clock);
  const first = podsOf(context)
    .get('default', 'web')
    .catch((error: unknown) => error);
  await until(() => silent.accepted === 1);
  const beganMs = clock.now();
  let failed: unknown;
  void first.then((error) => {
    failed = error;
  });
  await stepUntil(clock, () => failed !== undefined);
  expect(failed).toMatchObject({ reason: 'ServiceUnavailable' });
  expect(clock.now() - beganMs).toBeLessThanOrEqual(8000);
  silent.mode = 'open';
  expect((await podsOf(context).get('default', 'web')).metadata.name).toBe('web');
  expect(silent.accepted).toBe(2);
  await until(() => silent.open === 2);
});

test('a half-open connect of a TLS client ends in the same way, and goes on to the next server', async () => {
  const { port } = await door(getNames);
  const [silent, other] = [await relay(port, 'silent'), await relay(port, 'silent')];
  const clock = createStepClock();
  const client = connect({
    endpoints: [silent.address, other.address],
    tls: { ca: rootCertificates[0] ?? '' },
    clock: { ...clock, now: () => realClock.now() + clock.now() - beganMs },
    random: createSeededRandom(),
    logger: silentLogger,
  });
  stops.push(() => client.close());
  const outcome = client.resource(resources.pods).get('default', 'web');
  outcome.catch(() => undefined);
  await until(() => silent.accepted === 1);
  let over = false;
  void outcome
    .catch(() => undefined)
    .finally(() => {
      over = true;
    });
  await stepUntil(clock, () => over);
  await expect(outcome).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  void client
    .resource(resources.pods)
    .get('default', 'web')
    .catch(() => undefined);
  await until(() => other.accepted === 1);
});
const beganMs = createStepClock().now();

test('a connection that goes silent is found out by keepalive', async () => {
  const { port } = await door({ ...getNames, Watch: () => undefined });
  const wire = await relay(port);
  const context = dial([wire.address], realClock, {
    'grpc.keepalive_time_ms': 100,
    'grpc.keepalive_timeout_ms': 100,
  });
  await podsOf(context).get('default', 'web');
  const watching = watchOnce(context);
  await until(() => wire.open === 2);
  wire.freeze();
  await expect(watching).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
});

async function watchOnce(context: CallContext, signal = new AbortController().signal): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const batch of podsOf(context).watch({ signal })) seen.push(...batch);
  return seen;
}

test('every call has a deadline', async () => {
  const { address } = await door({ Get: () => undefined });
  const context = dial([address]);
  const call = unary(context, services.Resources, 'Get', {}, { timeoutMs: 50 });
  await expect(call).rejects.toMatchObject({ reason: 'Timeout' });
});

test('a call ends with its signal, and one that began too late never starts', async () => {
  let calls = 0;
  let cancelled = false;
  const { address } = await door({
    Create: (call: Unary) => {
      calls += 1;
      call.on('cancelled', () => {
        cancelled = true;
      });
    },
  });
  const context = dial([address]);
  const abort = new AbortController();
  const { signal } = abort;
  const call = podsOf(context).create(pod('web'), { signal });
  call.catch(() => undefined);
  await until(() => calls === 1);
  abort.abort(new Error('enough'));
  await expect(call).rejects.toMatchObject({ reason: 'Timeout' });
  await until(() => cancelled);
  await expect(podsOf(context).create(pod('web'), { signal })).rejects.toBeInstanceOf(ApiError);
  expect(calls).toBe(1);
});

test('errors come out as the server threw them; an unknown method, an unreachable server and a closed client too', async () => {
  const { address } = await door({
    Get: (_: Unary, answer: sendUnaryData<object>) => answer(toGrpcFailure(notFound(resources.pods, 'web'))),
  });
  const context = dial([address]);
  const pods = podsOf(context);
  await expect(pods.get('default', 'web')).rejects.toMatchObject({
    status: { reason: 'NotFound', code: 404, details: { name: 'web', kind: 'pods' } },
  });
  await expect(pods.delete('default', 'web')).rejects.toMatchObject({ reason: 'MethodNotAllowed' });
  await expect(podsOf(dial(['127.0.0.1:1'])).get('default', 'web')).rejects.toMatchObject({
    reason: 'ServiceUnavailable',
  });
  context.channel.close();
  await expect(pods.get('default', 'web')).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  await expect(watchOnce(context)).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
});

test('when a server goes, later calls go to the next one, and stay there', async () => {
  const served: string[] = [];
  const named = (name: string) => ({
    Get: (call: Unary, answer: sendUnaryData<object>) => {
      served.push(name);
      answer(null, json(call.request.target.name));
    },
  });
  const [one, two] = [await door(named('one')), await door(named('two'))];
  const context = dial([one.address, two.address]);
  const pods = podsOf(context);
  await pods.get('default', 'web');
  one.stop();
  await expect(pods.get('default', 'web')).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  await pods.get('default', 'web');
  await pods.get('default', 'web');
  expect(served).toEqual(['one', 'two', 'two']);
});

test('many calls that fail together change the server once, and leave no connection behind', async () => {
  const { port } = await door({ ...getNames, Watch: () => undefined });
  const [one, two, three] = [await relay(port), await relay(port), await relay(port)];
  const context = dial([one.address, two.address, three.address]);
  const watches = Array.from({ length: 20 }, () => watchOnce(context).catch((error: unknown) => error));
  await until(() => one.open === 2);
  one.cut();
  for (const error of await Promise.all(watches)) expect(error).toMatchObject({ reason: 'ServiceUnavailable' });
  await podsOf(context).get('default', 'web');
  expect([one.accepted, two.accepted, three.accepted]).toEqual([1, 1, 0]);
  context.channel.close();
  await until(() => one.open + two.open + three.open === 0);
});

type Watching = ServerWritableStream<unknown, unknown>;
const event = (type: string, name: string) => ({ type: `EVENT_TYPE_${type}`, json: json(name).json });

test('a watch gives batches, ends with its signal on both sides, or with the error of the server', async () => {
  let cancelled = 0;
  const { address } = await door({
    Watch: (call: Watching) => {
      call.write({ events: [event('ADDED', 'a'), event('MODIFIED', 'a')] });
      call.write({ events: [event('DELETED', 'a'), event('BOOKMARK', 'x')] });
      call.on('cancelled', () => {
        cancelled += 1;
      });
    },
  });
  const context = dial([address]);
  const abort = new AbortController();
  const types: string[][] = [];
  for await (const batch of podsOf(context).watch({ signal: abort.signal })) {
    types.push(batch.map(({ type }) => type));
    if (types.length === 2) abort.abort(new Error('enough'));
  }
  expect(types).toEqual([
    ['ADDED', 'MODIFIED'],
    ['DELETED', 'BOOKMARK'],
  ]);
  await until(() => cancelled === 1);
  for await (const batch of podsOf(context).watch({ signal: new AbortController().signal }))
    if (batch.length > 0) break;
  await until(() => cancelled === 2);
  expect(await watchOnce(context, AbortSignal.abort())).toEqual([]);
});

test('a watch that expires says so, and one that is silent too long is ended', async () => {
  const gone = await door({
    Watch: (call: Watching) => call.emit('error', toGrpcFailure(new ApiError('Expired', 'too old resource version'))),
  });
  await expect(watchOnce(dial([gone.address]))).rejects.toMatchObject({ reason: 'Expired' });
  let [begun, cancelled] = [false, false];
  const silent = await door({
    Watch: (call: Watching) => {
      begun = true;
      call.on('cancelled', () => {
        cancelled = true;
      });
    },
  });
  const clock = createStepClock();
  const watching = watchOnce({ ...dial([silent.address]), clock });
  watching.catch(() => undefined);
  await until(() => begun);
  clock.step(149_000);
  expect(clock.pending).toBe(1);
  clock.step(1000);
  await expect(watching).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  expect(clock.pending).toBe(0);
  await until(() => cancelled);
});

type Echo = ServerDuplexStream<object, object>;

test('a stream in both directions: echoes, ends, is cancelled by its signal, and fails writes afterwards', async () => {
  let cancelled = 0;
  const { address } = await door(
    {
      Exec: (call: Echo) => {
        call.on('data', (message: { stdin?: Buffer }) => {
          if (message.stdin !== undefined) call.write({ stdout: message.stdin });
        });
        call.on('end', () => call.end());
        call.on('cancelled', () => {
          cancelled += 1;
        });
      },
    },
    'Pods',
  );
  const context = dial([address]);
  const open = (signal?: AbortSignal) => duplex<object, { stdout?: Buffer }>(context, services.Pods, 'Exec', signal);
  const whole = open();
  await whole.write({ stdin: Buffer.from('hello') });
  whole.end();
  const heard: string[] = [];
  for await (const { stdout } of whole.output) heard.push(String(stdout));
  expect(heard).toEqual(['hello']);
  await expect(whole.write({})).rejects.toMatchObject({ reason: 'ServiceUnavailable' });

  const abort = new AbortController();
  const cut = open(abort.signal);
  await cut.write({ stdin: Buffer.from('x') });
  await cut.output[Symbol.asyncIterator]().next();
  const big = { stdin: Buffer.alloc(1 << 20) };
  const held = Promise.allSettled([cut.write(big), cut.write(big)]);
  abort.abort();
  await held;
  await expect(cut.write({})).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  await until(() => cancelled === 1);
});

test('a stream that nobody reads learns at its next write that the server is gone', async () => {
  const { address, stop } = await door({ Exec: () => undefined }, 'Pods');
  const stream = duplex(dial([address]), services.Pods, 'Exec', undefined);
  await stream.write({});
  stop();
  let failed: unknown;
  await until(() => {
    stream.write({}).catch((error: unknown) => {
      failed = error;
    });
    return failed !== undefined;
  });
  expect(failed).toMatchObject({ reason: 'ServiceUnavailable' });
});

test('a server stream without a signal ends when its reader stops', async () => {
  let cancelled = false;
  const { address } = await door(
    {
      Logs: (call: Watching) => {
        call.write({ data: Buffer.from('line') });
        call.on('cancelled', () => {
          cancelled = true;
        });
      },
    },
    'Pods',
  );
  for await (const _ of serverStream(dial([address]), services.Pods, 'Logs', {}, undefined)) break;
  await until(() => cancelled);
});
