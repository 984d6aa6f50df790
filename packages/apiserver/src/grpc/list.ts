/**
 * Lists as one gRPC message that is neither made nor sent in one turn. In protobuf, messages that are written one behind the other are one message
 * with the lists of all: a list goes out as short ones, and what it says of itself as the last.
 */
import { type Encoding, type ObjectList, services } from '@skiff/api/wire';
import { messageOf } from '../http/documents.ts';
import { portions } from '../http/encode.ts';
import { type TableOptions, tableTexts } from '../http/table.ts';
import { varint } from '../http/varint.ts';
import type { ListAnswer } from '../registry/contract.ts';
import { othersTurn } from '../registry/turns.ts';
import type { Pieces } from './messages.ts';

const { List } = services.Resources;
if (List === undefined) throw new Error('skiff.v1.Resources has no List');
const serialize: (part: Partial<ObjectList>) => Buffer = List.responseSerialize;

/** The message of a list. JSON is made while it is sent and takes no memory; the other forms are kept, since their length is known when they are made. */
export async function listPieces(list: ListAnswer, accept: Encoding, table: () => TableOptions): Promise<Pieces> {
  const { resourceVersion, remainingItemCount = 0 } = list;
  const last = { resourceVersion, continue: list.continue, remainingItemCount: String(remainingItemCount) };
  const tail = serialize(last);
  if (accept === 'ENCODING_PROTOBUF')
    return kept(list.items, (texts) => serialize({ messages: texts.map(messageOf) }), tail);
  if (accept === 'ENCODING_TABLE') return tablePieces(list, table(), tail);
  let bytes = tail.length;
  for (const texts of portions(list.items, lengthOf)) {
    for (const text of texts) bytes += sizeOfItem(text);
    await othersTurn();
  }
  return { bytes, pieces: jsonPieces(list.items, tail) };
}

const lengthOf = (text: string): number => text.length;

/** What stands before an item of so many bytes: the number and type of its field, and its length. */
const itemHead = (bytes: number): Buffer => Buffer.concat([Buffer.of(0x0a), varint(bytes)]);

function sizeOfItem(text: string): number {
  const bytes = Buffer.byteLength(text);
  return itemHead(bytes).length + bytes;
}

function* jsonPieces(items: Iterable<string>, tail: Buffer): Generator<Buffer> {
  for (const texts of portions(items, lengthOf)) yield serialize({ items: [...texts] });
  yield tail;
}

async function kept(
  texts: Iterable<string>,
  encode: (texts: readonly string[]) => Buffer,
  tail: Buffer,
): Promise<Pieces> {
  const pieces: Buffer[] = [];
  for (const portion of portions(texts, lengthOf)) {
    pieces.push(encode(portion));
    await othersTurn();
  }
  pieces.push(tail);
  return { bytes: pieces.reduce((sum, { length }) => sum + length, 0), pieces };
}

/** A table is one item, whose length stands before it. */
async function tablePieces(list: ListAnswer, options: TableOptions, tail: Buffer): Promise<Pieces> {
  const table = await kept(tableTexts(list, list.items, options), (texts) => Buffer.from(texts.join('')), tail);
  const head = itemHead(table.bytes - tail.length);
  return { bytes: head.length + table.bytes, pieces: [head, ...table.pieces] };
}
