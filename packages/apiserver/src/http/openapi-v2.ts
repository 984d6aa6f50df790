/** The OpenAPI v2 document in its two forms: JSON, and protobuf (proto/openapi/v2.proto), what kubectl asks for where v3 does not help it. */
import type { JsonObject } from '@skiff/api';
import { othersTurn } from '../registry/turns.ts';
import { varint } from './varint.ts';

type Value = Readonly<Record<string, unknown>>;

/** One field as bytes, or none. */
type Field = Uint8Array;

const tag = (number: number, wireType: number): Buffer => varint(number * 8 + wireType);

const bytes = (number: number, payload: Uint8Array): Field =>
  Buffer.concat([tag(number, 2), varint(payload.length), payload]);

const text = (number: number, value: unknown): Field[] =>
  typeof value === 'string' && value !== '' ? [bytes(number, Buffer.from(value))] : [];

const texts = (number: number, value: unknown): Field[] =>
  Array.isArray(value) ? value.flatMap((one) => text(number, one)) : [];

const bool = (number: number, value: unknown): Field[] => (value === true ? [tag(number, 0), varint(1)] : []);

const whole = (number: number, value: unknown): Field[] =>
  typeof value === 'number' && value > 0 ? [tag(number, 0), varint(value)] : [];

const double = (number: number, value: unknown): Field[] => {
  if (typeof value !== 'number') return [];
  const payload = Buffer.alloc(8);
  payload.writeDoubleLE(value);
  return [tag(number, 1), payload];
};

const message = (number: number, ...fields: readonly Field[][]): Field[] => [
  bytes(number, Buffer.concat(fields.flat())),
];

const isValue = (value: unknown): value is Value =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entries = (value: unknown): [string, unknown][] => (isValue(value) ? Object.entries(value) : []);

/** `Any`: JSON is YAML. */
const any = (number: number, value: unknown): Field[] =>
  value === undefined ? [] : message(number, text(2, JSON.stringify(value)));

/** A `Named…` message for each member. */
const named = (number: number, value: unknown, write: (number: number, value: Value) => Field[]): Field[] =>
  entries(value).flatMap(([name, one]) => (isValue(one) ? message(number, text(1, name), write(2, one)) : []));

const extensions = (number: number, value: Value): Field[] =>
  Object.entries(value)
    .filter(([name]) => name.startsWith('x-'))
    .flatMap(([name, one]) => message(number, text(1, name), any(2, one)));

function schema(number: number, value: Value): Field[] {
  return message(
    number,
    text(1, value.$ref),
    text(2, value.format),
    text(4, value.description),
    any(5, value.default),
    double(7, value.maximum),
    double(9, value.minimum),
    whole(11, value.maxLength),
    whole(12, value.minLength),
    text(13, value.pattern),
    texts(19, value.required),
    Array.isArray(value.enum) ? value.enum.flatMap((one) => any(20, one)) : [],
    isValue(value.additionalProperties) ? message(21, schema(1, value.additionalProperties)) : [],
    typeof value.type === 'string' ? message(22, text(1, value.type)) : [],
    isValue(value.items) ? message(23, schema(1, value.items)) : [],
    isValue(value.properties) ? message(25, named(1, value.properties, schema)) : [],
    extensions(31, value),
  );
}

function parameter(number: number, value: Value): Field[] {
  if (value.in === 'body') {
    const body = [
      text(2, value.name),
      text(3, 'body'),
      bool(4, value.required),
      isValue(value.schema) ? schema(5, value.schema) : [],
    ];
    return message(number, message(1, message(1, ...body)));
  }
  const { name, description, type } = value;
  const sub =
    value.in === 'path'
      ? message(
          4,
          bool(1, value.required),
          text(2, 'path'),
          text(3, description),
          text(4, name),
          text(5, type),
          bool(19, value.uniqueItems),
        )
      : message(3, text(2, 'query'), text(3, description), text(4, name), text(6, type), bool(20, value.uniqueItems));
  return message(number, message(1, message(2, sub)));
}

const parameters = (number: number, value: unknown): Field[] =>
  Array.isArray(value) ? value.filter(isValue).flatMap((one) => parameter(number, one)) : [];

const response = (number: number, value: Value): Field[] =>
  message(
    number,
    message(1, text(1, value.description), isValue(value.schema) ? message(2, schema(1, value.schema)) : []),
  );

const operation = (number: number, value: unknown): Field[] =>
  isValue(value)
    ? message(
        number,
        texts(1, value.tags),
        text(5, value.operationId),
        texts(6, value.produces),
        texts(7, value.consumes),
        parameters(8, value.parameters),
        message(9, named(1, value.responses, response)),
        extensions(13, value),
      )
    : [];

const pathItem = (number: number, value: Value): Field[] =>
  message(
    number,
    operation(2, value.get),
    operation(3, value.put),
    operation(4, value.post),
    operation(5, value.delete),
    operation(6, value.options),
    operation(7, value.head),
    operation(8, value.patch),
    parameters(9, value.parameters),
  );

/** Members are written so many in a turn. */
const membersATurn = 20;

/** What `named` writes with the inner number, within a message of the outer. The pieces that it is made of, in several turns: the documents of many kinds are long. */
async function namedInTurns(
  [number, inner]: readonly [number, number],
  value: unknown,
  write: (number: number, value: Value) => Field[],
): Promise<readonly Uint8Array[]> {
  const members = entries(value);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < members.length; at += membersATurn) {
    const some = Object.fromEntries(members.slice(at, at + membersATurn));
    pieces.push(Buffer.concat(named(inner, some, write)));
    await othersTurn();
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [tag(number, 2), varint(length), ...pieces];
}

/** The bytes of a document that `v2Document` made, in pieces. */
export async function encodeOpenApiV2(document: object): Promise<readonly Uint8Array[]> {
  const value: Value = { ...document };
  const info = isValue(value.info) ? value.info : {};
  return [
    ...text(1, value.swagger),
    ...message(2, text(1, info.title), text(2, info.version)),
    ...(await namedInTurns([8, 2], value.paths, pathItem)),
    ...(await namedInTurns([9, 1], value.definitions, schema)),
  ];
}

/** The same as JSON. */
export async function openApiV2Json({ paths, definitions, ...head }: JsonObject): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [Buffer.from(JSON.stringify(head).slice(0, -1))];
  for (const [name, value] of Object.entries({ paths, definitions })) {
    const members = entries(value);
    for (let at = 0; at < members.length; at += membersATurn) {
      const some = JSON.stringify(Object.fromEntries(members.slice(at, at + membersATurn))).slice(1, -1);
      pieces.push(Buffer.from(`${at === 0 ? `,"${name}":{` : ','}${some}`));
      await othersTurn();
    }
    pieces.push(Buffer.from(members.length === 0 ? `,"${name}":{}` : '}'));
  }
  pieces.push(Buffer.from('}'));
  return pieces;
}
