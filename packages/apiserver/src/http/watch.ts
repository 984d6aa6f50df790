/** A watch as a response that goes on: one frame an event, as fast as the client reads. */
import { ApiError, type Clock, toApiError } from '@skiff/api';
import { watchFrame } from '@skiff/api/wire';
import type { Column, RegistryEvent, WatchOptions } from '../registry/contract.ts';
import { documentBytes } from './documents.ts';
import { portions } from './encode.ts';
import { type Exchange, send } from './exchange.ts';
import { mediaTypeOf, type Representation } from './negotiate.ts';
import { startAnswer } from './respond.ts';
import { partialText, tableOfOne } from './table.ts';

export interface WatchView {
  readonly representation: Representation;
  readonly columns: readonly Column[];
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly clock: Clock;
}

/** The shapes of one watch's objects. A table's column definitions go out with its first row only. */
function shaper(view: WatchView): (text: string) => string {
  const transform = view.representation.transform;
  if (transform === undefined) return (text) => text;
  if (transform.kind !== 'Table') return (text) => partialText(text, transform.version);
  let headers = true;
  return (text) => {
    const options = {
      version: transform.version,
      columns: view.columns,
      includeObject: view.includeObject,
      nowMs: view.clock.now(),
    };
    const table = tableOfOne(text, options, headers);
    headers = false;
    return table;
  };
}

const frameOf = (type: string, text: string, format: Representation['format']): string | Uint8Array =>
  format === 'protobuf' ? watchFrame(type, documentBytes(text)) : `{"type":"${type}","object":${text}}\n`;

const errorFrame = (error: ApiError, format: Representation['format']): string | Uint8Array =>
  frameOf('ERROR', JSON.stringify(error.status), format);

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
  const shape = shaper(view);
  const guarded = untilStalled(view.clock, signal);
  try {
    for await (const batch of events) {
      // Piece by piece: what exists at the start may be much, and its reader slow.
      for (const portion of portions(batch, ({ text }) => text.length))
        for (const piece of joined(portion.map((event) => frameOf(event.type, shape(event.text), format))))
          await guarded(send(response, piece, signal));
    }
  } catch (error) {
    if (error === stalled) response.destroy();
    if (!signal.aborted && !response.destroyed) response.write(errorFrame(toApiError(error), format));
  }
  if (!response.destroyed) response.end();
}

/** Joins text frames to one write; bytes go one by one. */
function joined(frames: readonly (string | Uint8Array)[]): readonly (string | Uint8Array)[] {
  if (frames.length < 2) return frames;
  return frames.every((frame) => typeof frame === 'string') ? [frames.join('')] : frames;
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
