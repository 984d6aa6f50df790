/** skiff.v1.Pods: logs, commands and forwarded ports over the links of their nodes. */
import { badRequest } from '@skiff/api';
import type * as wire from '@skiff/api/wire';
import type { Chain } from '../chain/chain.ts';
import type { NodeStream } from '../link/node-stream.ts';
import type { PodName, PodStreams } from '../link/pod-streams.ts';
import type { RequestContext } from '../registry/contract.ts';
import { bidi, type CallInfo, type Handler, type Send, serverStream } from './adapt.ts';
import { optionalInt64 } from './numbers.ts';

export interface PodsParts {
  readonly chain: Chain;
  readonly streams: PodStreams;
}

/** Handlers of the service. */
export function podsService({ chain, streams }: PodsParts): Readonly<Record<string, Handler>> {
  const pass = (
    call: CallInfo,
    at: PodName & { readonly verb: string; readonly subresource: string },
    work: (context: RequestContext, pod: PodName) => Promise<void>,
  ): Promise<void> => {
    const { namespace, name, verb, subresource } = at;
    const attributes = { type: 'resource', verb, group: '', version: 'v1', resource: 'pods', subresource } as const;
    const chained = {
      ...call,
      impersonation: undefined,
      attributes: { ...attributes, namespace, name },
      longRunning: true,
      warn: () => {},
    };
    return chain(chained, (context) => work(context, { namespace, name }));
  };

  const command = (type: 'exec' | 'attach'): Handler =>
    bidi<wire.ExecInput, wire.ExecOutput>(async (requests, call, send) => {
      const inputs = requests[Symbol.asyncIterator]();
      const open = await first(inputs, (message) => message.open);
      const at = { namespace: open.namespace, name: open.pod, verb: 'create', subresource: type };
      await pass(call, at, async (context, pod) => {
        const stream =
          type === 'exec' ? await streams.exec(context, pod, open) : await streams.attach(context, pod, open);
        await withStream(stream, context.signal, async () => {
          void feedCommand(inputs, stream);
          for await (const { channel, data } of stream.output())
            await send(channel === 'stdout' ? { stdout: Buffer.from(data) } : { stderr: Buffer.from(data) });
          const { exitCode } = await stream.outcome;
          if (exitCode !== undefined) await send({ exitCode });
        });
      });
    });

  return {
    Logs: serverStream((request: wire.LogsRequest, call, send: Send<wire.LogChunk>) =>
      pass(
        call,
        { namespace: request.namespace, name: request.pod, verb: 'get', subresource: 'log' },
        async (context, pod) => {
          const options = {
            ...request,
            tailLines: optionalInt64(request.tailLines),
            sinceSeconds: optionalInt64(request.sinceSeconds),
            limitBytes: optionalInt64(request.limitBytes),
          };
          const stream = await streams.logs(context, pod, options);
          await withStream(stream, context.signal, async () => {
            for await (const { data } of stream.output()) await send({ data: Buffer.from(data) });
          });
        },
      ),
    ),
    Exec: command('exec'),
    Attach: command('attach'),
    PortForward: bidi<wire.PortForwardInput, wire.PortForwardOutput>(async (requests, call, send) => {
      const inputs = requests[Symbol.asyncIterator]();
      const open = await first(inputs, (message) => message.open);
      const at = { namespace: open.namespace, name: open.pod, verb: 'create', subresource: 'portforward' };
      await pass(call, at, async (context, pod) => {
        const stream = (await streams.portForward(context, pod, [open.port]))(open.port);
        await withStream(stream, context.signal, async () => {
          void feed(inputs, stream, (message) => message.data);
          for await (const { data } of stream.output()) await send({ data: Buffer.from(data) });
        });
      });
    }),
  };
}

/** The opening message of a call. Throws ApiError BadRequest when it is something else. */
async function first<Message, Opening>(
  inputs: AsyncIterator<Message>,
  pick: (message: Message) => Opening | undefined,
): Promise<Opening> {
  const next = await inputs.next();
  const opening = next.done === true ? undefined : pick(next.value);
  if (opening === undefined) throw badRequest('the first message must open the stream');
  return opening;
}

/** Runs `work`, and gives the stream up whenever the caller goes or the work ends first. */
async function withStream(stream: NodeStream, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  signal.addEventListener('abort', stream.cancel, { once: true });
  try {
    await work();
  } finally {
    signal.removeEventListener('abort', stream.cancel);
    stream.cancel();
  }
}

/** Carries what the caller sends into the stream until either ends. A fault here is one of the conversation, which the output side tells. */
async function feed<Message>(
  inputs: AsyncIterator<Message>,
  stream: NodeStream,
  dataOf: (message: Message) => Buffer | undefined,
): Promise<void> {
  try {
    for (let next = await inputs.next(); next.done !== true; next = await inputs.next()) {
      const data = dataOf(next.value);
      if (data !== undefined) await stream.write(data);
    }
    stream.endInput();
  } catch {
    stream.cancel();
  }
}

const feedCommand = (inputs: AsyncIterator<wire.ExecInput>, stream: NodeStream): Promise<void> =>
  feed(inputs, stream, (message) => {
    if (message.resize !== undefined) stream.resize(message.resize.columns, message.resize.rows);
    if (message.stdinClosed === true) stream.endInput();
    return message.stdin;
  });
