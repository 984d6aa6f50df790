/** From what a client sent to an object of its kind: names checked, unknown fields dropped or refused, defaults filled in. */
import { apiVersionOf, badRequest, field, invalid, type JsonObject, type ObjectSchema } from '@skiff/api';
import { type Decoded, decode } from '@skiff/api/validation';
import { plainGo, unstructuredFault } from '../patch/unstructured.ts';
import { isObject, own, put, textAt } from '../patch/values.ts';
import type { Incoming, RequestContext, WriteOptions } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { othersTurn } from './turns.ts';
import { typeFault, unrecognised } from './type-faults.ts';

/** What decoding must know of a kind. */
export interface Decodable {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: () => ObjectSchema;
  /** It arrived at run time: its objects have no Go type, and have to say what they are. */
  readonly custom?: boolean;
  /** Absent: by the schema, as Go decodes. */
  readonly decode?: Kind['decode'];
  /** Defaults and other ways to write; in place. */
  readonly complete?: (object: JsonObject) => void;
}

/** A served kind as decoding sees it. */
export function decodableOf(kind: Kind): Decodable {
  const { group, version, schema } = kind.definition;
  return {
    group,
    version,
    kind: kind.definition.kind,
    schema,
    ...(kind.custom === true ? { custom: true } : {}),
    ...(kind.decode === undefined ? {} : { decode: kind.decode }),
    complete(object) {
      kind.complete?.(object);
      kind.strategy.normalise?.(object);
    },
  };
}

/** The object of a body. Throws BadRequest in Kubernetes' words; warns of what `Warn` tolerates. */
export function decodeBody(
  context: RequestContext,
  shown: Decodable,
  body: Incoming,
  options: WriteOptions,
): JsonObject {
  checkType(shown, body.document);
  const { value, unknown, faults } = decodeAs(shown, body.document, body.fractions);
  const handled = (why: string) =>
    badRequest(`${shown.kind} in version "${shown.version}" cannot be handled as a ${shown.kind}: ${why}`);
  const [fault] = faults;
  if (fault !== undefined) throw handled(fault);
  const strict = strictFaults(unknown, body.duplicates);
  if (strict.length > 0) {
    if (options.fieldValidation === 'Strict') throw handled(strictError(strict));
    if (options.fieldValidation !== 'Ignore') for (const text of strict) context.warn(text);
  }
  return completed(shown, value);
}

export interface DecodingPatched {
  readonly context: RequestContext;
  readonly shown: Decodable;
  readonly duplicates: readonly string[];
  readonly options: WriteOptions;
  /** It is worked on in several turns. */
  readonly large: boolean;
  /** A strategic patch: a refusal shows it, and not what came of it. */
  readonly strategic?: unknown;
}

/** The object that a patch made; `patched` makes it, anew each time. Throws Invalid in Kubernetes' words for what its kind does not allow. */
export async function decodePatched(
  { context, shown, duplicates, options, large, strategic }: DecodingPatched,
  patched: () => JsonObject | Promise<JsonObject>,
): Promise<JsonObject> {
  const document = await patched();
  if (large) await othersTurn();
  const type = shown.custom === true ? customTypeFault(shown, document) : patchedTypeFault(shown, document);
  // Decoding uses the document up: a refusal, which shows it, has it made once more.
  const refused = async (why: string) => {
    const told = strategic === undefined ? JSON.stringify(await patched()) : plainGo(strategic);
    return invalid({ group: '', kind: '' }, '', [field.invalid('patch', told, why)]);
  };
  if (type !== undefined) throw await refused(type);
  const { value, unknown, faults } = decodeAs(shown, document);
  const [fault] = faults;
  if (fault !== undefined) throw await refused(strategic === undefined ? fault : unstructuredFault(fault));
  const strict = strictFaults(unknown, duplicates);
  if (strict.length > 0) {
    if (options.fieldValidation === 'Strict') throw await refused(strictError(strict));
    if (options.fieldValidation !== 'Ignore') for (const each of strict) context.warn(each);
  }
  if (large) await othersTurn();
  return completed(shown, value);
}

/** By the kind's own decoder, or by its schema, as Go decodes. */
export const decodeAs = (shown: Decodable, document: JsonObject, fractions: readonly string[] = []): Decoded =>
  shown.decode?.(document, fractions) ?? decode(shown.schema(), document, fractions);

/** What another part of the server made of an object. Throws BadRequest for what its kind does not allow; unknown fields are dropped. */
export function decodeTrusted(shown: Decodable, document: JsonObject): JsonObject {
  checkType(shown, document);
  const { value, faults } = decodeAs(shown, document);
  const [fault] = faults;
  if (fault !== undefined) throw badRequest(fault);
  return completed(shown, value);
}

const strictFaults = (unknown: readonly string[], duplicates: readonly string[]): readonly string[] => [
  ...unknown.map((path) => `unknown field "${path}"`),
  ...duplicates,
];

/** All faults as one error. What the YAML reader found is an error of its own, and comes first. */
function strictError(faults: readonly string[]): string {
  const { yaml = [], json = [] } = Object.groupBy(faults, (text) => (/^line \d+: /.test(text) ? 'yaml' : 'json'));
  const all = yaml.length === 0 ? json : [unmarshalErrors(yaml), ...json];
  return `strict decoding error: ${all.join(', ')}`;
}

/** go-yaml's text of all that its strict reader found. */
export const unmarshalErrors = (lines: readonly string[]): string => `yaml: unmarshal errors:\n  ${lines.join('\n  ')}`;

function completed(shown: Decodable, value: unknown): JsonObject {
  const object = isObject(value) ? value : {};
  put(object, 'kind', shown.kind);
  put(object, 'apiVersion', apiVersionOf(shown));
  if (!isObject(own(object, 'metadata'))) put(object, 'metadata', {});
  shown.complete?.(object);
  return object;
}

/** Throws for an object of another type. */
function checkType(shown: Decodable, document: JsonObject): void {
  const kind = textAt(document, 'kind');
  const sent = textAt(document, 'apiVersion');
  if (shown.custom === true) checkCustomType(shown, document, sent, kind);
  const fault = typeFault(shown, sent, kind);
  if (fault !== undefined) throw fault.refusal;
}

/** What has no Go type is what it says it is. */
function checkCustomType(shown: Decodable, document: JsonObject, sent: string, kind: string): void {
  if (kind === '') throw unrecognised(shown.kind, kindMissing(document), JSON.stringify(document));
  const expected = apiVersionOf(shown);
  if (sent !== expected)
    throw badRequest(`the API version in the data (${sent}) does not match the expected API version (${expected})`);
  checkCustomKind(shown, kind);
}

function checkCustomKind(shown: Decodable, kind: string): void {
  if (kind !== shown.kind)
    throw invalid({ group: shown.group, kind }, '', [field.invalid('kind', kind, `must be ${shown.kind}`)]);
}

const kindMissing = (document: JsonObject): string => `Object 'Kind' is missing in '${JSON.stringify(document)}'`;

/** Why what a patch made is of another type; throws what is not said of the patch. */
function patchedTypeFault(shown: Decodable, document: JsonObject): string | undefined {
  const sent = textAt(document, 'apiVersion');
  // Kubernetes takes it for its own form of the object, in which it finds nothing.
  if (sent === '')
    throw badRequest(
      `the name of the object (${textAt(document, 'metadata', 'name')} based on URL) was undeterminable: name must be provided`,
    );
  const fault = typeFault(shown, sent, textAt(document, 'kind'));
  if (fault !== undefined && fault.why === undefined) throw fault.refusal;
  return fault?.why;
}

/** The same for what has no Go type: it is converted from what it says it is. */
function customTypeFault(shown: Decodable, document: JsonObject): string | undefined {
  const kind = textAt(document, 'kind');
  const sent = textAt(document, 'apiVersion');
  if (kind === '') return kindMissing(document);
  const expected = apiVersionOf(shown);
  if (sent === expected) {
    checkCustomKind(shown, kind);
    return undefined;
  }
  if (sent.startsWith(`${shown.group}/`)) return `request to convert CR from an invalid group/version: ${sent}`;
  const named = sent.includes('/') ? sent : `/${sent}`;
  return `${named}, Kind=${kind} is unstructured and is not suitable for converting to "${expected}"`;
}
