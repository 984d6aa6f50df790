/**
 * Watches as gRPC messages. In protobuf, messages that are written one behind the other are one message with the lists of all: an event is
 * encoded once, as a batch of its own, and goes out like that with every batch of every watcher.
 */
import type { Clock } from '@skiff/api';
import { type Encoding, type EventType, services, type WatchBatch, type WatchEvent } from '@skiff/api/wire';
import { messageOf } from '../http/documents.ts';
import { portions } from '../http/encode.ts';
import { encodedOnce } from '../http/encoded-once.ts';
import { type TableOptions, tableOfOne } from '../http/table.ts';
import { untilStalled } from '../http/watch.ts';
import type { RegistryEvent } from '../registry/contract.ts';
import type { Send } from './adapt.ts';
import { frameBytes, framed, frameHead } from './messages.ts';

const { Watch } = services.Resources;
if (Watch === undefined) throw new Error('skiff.v1.Resources has no Watch');
const serialize: (batch: WatchBatch) => Buffer = Watch.responseSerialize;

const eventTypes: Readonly<Record<RegistryEvent['type'], EventType>> = {
  ADDED: 'EVENT_TYPE_ADDED',
  MODIFIED: 'EVENT_TYPE_MODIFIED',
  DELETED: 'EVENT_TYPE_DELETED',
  BOOKMARK: 'EVENT_TYPE_BOOKMARK',
};

const asJson = ({ type, text }: RegistryEvent): Buffer =>
  batchOf({ type: eventTypes[type], json: text, message: null });

const asMessage = ({ type, text }: RegistryEvent): Buffer =>
  batchOf({ type: eventTypes[type], json: '', message: messageOf(text) });

/** Whose cells tell ages: made for each watcher at its own time. */
const asTable =
  (options: () => TableOptions) =>
  ({ type, text }: RegistryEvent): Buffer =>
    batchOf({ type: eventTypes[type], json: tableOfOne(text, options()), message: null });

/** As a message of its own, in its frame. */
const batchOf = (event: WatchEvent): Buffer => framed(serialize({ events: [event] }));

export interface WatchForm {
  readonly accept: Encoding;
  /** What a table shows, as of now. */
  readonly table: () => TableOptions;
}

/** An event's frame, and the message in it. */
interface Encoder {
  frame(event: RegistryEvent): Buffer;
  message(event: RegistryEvent): Buffer;
}

const messageIn = (frame: Buffer): Buffer => frame.subarray(frameBytes);

function once(form: string, encode: (event: RegistryEvent) => Buffer): Encoder {
  const inFrame = `${form} in its frame`;
  const frame = (event: RegistryEvent): Buffer => encodedOnce(event, inFrame, encode);
  return {
    frame,
    message: (event) => encodedOnce(event, form, () => messageIn(frame(event))),
  };
}

const json = once('grpc json', asJson);
const protobuf = once('grpc protobuf', asMessage);

function encoder({ accept, table }: WatchForm): Encoder {
  if (accept === 'ENCODING_PROTOBUF') return protobuf;
  if (accept !== 'ENCODING_TABLE') return json;
  const frame = asTable(table);
  return { frame, message: (event) => messageIn(frame(event)) };
}

/** One message, from bytes that many watchers share. */
function batched(events: readonly RegistryEvent[], { frame, message }: Encoder): readonly Buffer[] {
  const [first] = events;
  if (events.length === 1 && first !== undefined) return [frame(first)];
  const messages = events.map(message);
  return [frameHead(messages.reduce((length, { byteLength }) => length + byteLength, 0)), ...messages];
}

/** Sends what comes, as fast as the client reads: what gathers meanwhile goes out together. Throws ApiError Timeout when it reads nothing. */
export async function sendBatches(
  batches: AsyncIterable<readonly RegistryEvent[]>,
  form: WatchForm,
  send: Send<readonly Buffer[]>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const guarded = untilStalled(clock, signal);
  const encode = encoder(form);
  for await (const batch of batches) {
    for (const portion of portions(batch, ({ text }) => text.length)) await guarded(send(batched(portion, encode)));
  }
}
