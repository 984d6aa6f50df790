/** `pods/log`: a container's output as plain text, as fast as the client reads. */
import type { Clock } from '@skiff/api';
import type { Output } from '../../link/node-stream.ts';
import type { PodName, PodStreams } from '../../link/pod-streams.ts';
import type { RequestContext } from '../../registry/contract.ts';
import { type Exchange, send } from '../exchange.ts';
import { startAnswer } from '../respond.ts';
import { logOptions } from './options.ts';

/** A log that says nothing yet still gets its head, so that a client knows that the log is there; a busy node is given time to refuse. */
const headWithinMs = 3000;

/** Throws ApiError while nothing has been sent; a fault after that cuts the answer. */
export async function serveLog(
  parts: { readonly streams: PodStreams; readonly clock: Clock },
  exchange: Exchange,
  context: RequestContext,
  pod: PodName,
): Promise<void> {
  const { response } = exchange;
  const stream = await parts.streams.logs(context, pod, logOptions(exchange.query));
  context.signal.addEventListener('abort', stream.cancel, { once: true });
  try {
    const output = stream.output()[Symbol.asyncIterator]();
    let next = output.next();
    await firstOf(next, parts.clock);
    startAnswer(exchange, 200, 'text/plain');
    response.flushHeaders?.();
    for (let result = await next; result.done !== true; result = await next) {
      await send(response, result.value.data, context.signal);
      next = output.next();
    }
    response.end();
  } finally {
    context.signal.removeEventListener('abort', stream.cancel);
    stream.cancel();
  }
}

/** Waits for the first piece, or for a moment. Throws when the log cannot be had. */
async function firstOf(first: Promise<IteratorResult<Output>>, clock: Clock): Promise<void> {
  const moment = new AbortController();
  try {
    await Promise.race([first, clock.sleep(headWithinMs, moment.signal).catch(() => {})]);
  } finally {
    moment.abort();
  }
}
