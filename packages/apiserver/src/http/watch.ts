/** A watch as a response that goes on: one frame an event, as fast as the client reads. */
import { ApiError, type Clock, toApiError } from '@skiff/api';
import { watchFrame } from '@skiff/api/wire/server';
import type { Column, RegistryEvent, WatchOptions } from '../registry/contract.ts';
import { documentBytes } from './documents.ts';
import { portions } from './encode.ts';
import { encodedOnce } from './encoded-once.ts';
import { type Exchange, sendTogether } from './exchange.ts';
import { mediaTypeOf, type Representation } from './negotiate.ts';
import { startAnswer } from './respond.ts';
import { partialText, tableOfOne } from './table.ts';

export interface WatchView {
  readonly representation: Representation;
  readonly columns: readonly Column[];
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly clock: Clock;
}

/** How one watch's events look. */
function framer({ representation, columns, includeObject, clock }: WatchView): (event: RegistryEvent) => Buffer {
  const { transform } = representation;
  const format = representation.format === 'protobuf' ? 'protobuf' : 'json';
  const frame = (shape: (text: string) => string) => (event: RegistryEvent) =>
    frameOf(event.type, shape(event.text), format);
  if (transform === undefined)
    return inForm(
      `rest ${format}`,
      frame((text) => text),
    );
  const { version } = transform;
  if (transform.kind !== 'Table')
    return inForm(
      `rest ${format} metadata ${version}`,
      frame((text) => partialText(text, version)),
    );
  const row = (headers: boolean) =>
    frame((text) => tableOfOne(text, { version, columns, includeObject, nowMs: clock.now() }, headers));
  // A table's column definitions go out with its first row only.
  let isFirst = true;
  const later = inForm(`rest table ${version} ${includeObject}`, row(false));
  return (event) => {
    if (!isFirst) return later(event);
    isFirst = false;
    return row(true)(event);
  };
}

const inForm = (form: string, encode: (event: RegistryEvent) => Buffer) => (event: RegistryEvent) =>
  encodedOnce(event, form, encode);

const frameOf = (type: string, text: string, format: 'json' | 'protobuf'): Buffer =>
  format === 'protobuf' ? watchFrame(type, documentBytes(text)) : Buffer.from(`{"type":"${type}","object":${text}}\n`);

/**
 * Sends events until the iteration ends or the client goes. Events that came together go out as one write. A fault after
 * the start is an ERROR event, the only place left to tell it; YAML has no frames, so such a client gets JSON lines.
 */
export async function serveWatch(
  exchange: Exchange,
  events: AsyncIterable<readonly RegistryEvent[]>,
  view: WatchView,
  signal: AbortSignal,
): Promise<void> {
  const { response } = exchange;
  const format = view.representation.format === 'protobuf' ? 'protobuf' : 'json';
  const contentType = format === 'protobuf' ? `${mediaTypeOf.protobuf};stream=watch` : mediaTypeOf.json;
  startAnswer(exchange, 200, contentType);
  // A client that waits for the head must not wait for the first event.
  response.flushHeaders?.();
  const frame = framer(view);
  const guarded = untilStalled(view.clock, signal);
  try {
    for await (const batch of events) {
      // Piece by piece: what exists at the start may be much, and its reader slow.
      for (const portion of portions(batch, ({ text }) => text.length))
        await guarded(sendTogether(response, portion.map(frame), signal));
    }
  } catch (error) {
    if (error === stalled) response.destroy();
    if (!signal.aborted && !response.destroyed)
      response.write(frameOf('ERROR', JSON.stringify(toApiError(error).status), format));
  }
  if (!response.destroyed) response.end();
}

/** A watcher that takes nothing for so long is cut: what waits for it would be kept for nobody. */
export const stallMs = 60_000;

const stalled = new ApiError('Timeout', 'the watcher takes nothing');

/** Waits for one write at a time; throws ApiError Timeout when it takes longer than a reader may. */
export function untilStalled(clock: Clock, signal: AbortSignal): (write: Promise<void>) => Promise<void> {
  return async (write) => {
    const late = Promise.withResolvers<never>();
    const timer = clock.after(stallMs, () => late.reject(stalled));
    try {
      await Promise.race([write, late.promise]);
    } finally {
      timer.cancel();
    }
    signal.throwIfAborted();
  };
}

/** Kubernetes' span for watches whose client names none: between 30 and 60 minutes, spread so that they do not end together. */
export function watchTimeoutSeconds(options: WatchOptions, random: () => number): number {
  return options.timeoutSeconds ?? Math.round(1800 * (1 + random()));
}
