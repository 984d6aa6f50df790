/** Which representation an answer takes, and how a body is to be read: `Accept` and `Content-Type` as apiserver negotiates them. */
import { ApiError } from '@skiff/api';
import type { PatchType } from '../registry/contract.ts';

export type Format = 'json' | 'yaml' | 'protobuf';

export const mediaTypeOf: Readonly<Record<Format, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

const formatOf = new Map<string, Format>(
  (Object.keys(mediaTypeOf) as Format[]).map((format) => [mediaTypeOf[format], format]),
);

/** A shape that the client asked for instead of the objects themselves. */
export interface Transform {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** Of group meta.k8s.io. */
  readonly version: 'v1' | 'v1beta1';
}

export interface Representation {
  readonly format: Format;
  readonly transform: Transform | undefined;
}

/** One clause of an Accept header. `position` keeps the sort stable between equal weights. */
export interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

const maxHeader = 8192;

/** Clauses of an Accept header, best first: by weight, then `a/b` before `a/*` before `*\/*`, then as written. Malformed ones are left out. */
export function parseAccept(header: string): readonly Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.slice(0, maxHeader).split(',')) {
    const clause = parseMediaType(part);
    if (clause === undefined) continue;
    const weight = Number(clause.parameters.get('q') ?? '1');
    if (Number.isFinite(weight) && weight >= 0) clauses.push({ ...clause, weight: Math.min(weight, 1) });
  }
  return clauses.sort((a, b) => b.weight - a.weight || wildcards(a.type) - wildcards(b.type));
}

const wildcards = (type: string): number => (type === '*/*' ? 2 : type.endsWith('/*') ? 1 : 0);

/** `type/sub; key=value`, lower-cased type and keys. Undefined when it is none. */
export function parseMediaType(
  text: string,
): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } | undefined {
  const [type = '', ...rest] = text.split(';');
  const name = type.trim().toLowerCase();
  if (!/^[^\s/;,]+\/[^\s/;,]+$/.test(name)) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const value = parameter.slice(equals + 1).trim();
    parameters.set(parameter.slice(0, equals).trim().toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
  }
  return { type: name, parameters };
}

/** The formats a clause's type allows, of those offered, in the server's order. */
const allowed = (type: string, offered: readonly Format[]): readonly Format[] => {
  if (type === '*/*' || type === 'application/*') return offered;
  const exact = formatOf.get(type);
  return exact !== undefined && offered.includes(exact) ? [exact] : [];
};

const isTransformKind = (kind: string): kind is Transform['kind'] =>
  kind === 'Table' || kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList';

/** What `as`, `g` and `v` ask for: nothing, something this server makes, or something it does not. */
function transformOf(clause: Clause): Transform | undefined | 'unknown' {
  const kind = clause.parameters.get('as');
  const group = clause.parameters.get('g');
  const version = clause.parameters.get('v');
  if (kind === undefined && group === undefined && version === undefined) return undefined;
  if (kind === undefined || !isTransformKind(kind) || group !== 'meta.k8s.io') return 'unknown';
  return version === 'v1' || version === 'v1beta1' ? { kind, version } : 'unknown';
}

/**
 * The best representation that the client accepts and this answer can have. Tables are JSON or YAML only, as Kubernetes' are.
 * Between JSON and protobuf of the same weight and shape it is JSON, whatever their order: JSON is what is stored, and is copied.
 * Reviews and their like have one shape only: for those `shapes` is false. Throws ApiError NotAcceptable.
 */
export function negotiate(accept: string | undefined, offered: readonly Format[], shapes = true): Representation {
  if (accept === undefined || accept.trim() === '') return { format: offered[0] ?? 'json', transform: undefined };
  const able = parseAccept(accept).flatMap((clause) => representationOf(clause, offered, shapes));
  const [best] = able;
  if (best === undefined) throw notAcceptable(Object.values(mediaTypeOf));
  const asJson = able.find((one) => one.format === 'json' && one.weight === best.weight && sameShape(one, best));
  const { format, transform } = best.format === 'protobuf' ? (asJson ?? best) : best;
  return { format, transform };
}

function representationOf(
  clause: Clause,
  offered: readonly Format[],
  shapes: boolean,
): (Representation & { weight: number })[] {
  const stream = clause.parameters.get('stream');
  if (stream !== undefined && stream !== '' && stream !== 'watch') return [];
  const transform = transformOf(clause);
  if (transform === 'unknown' || (transform !== undefined && !shapes)) return [];
  const format = allowed(clause.type, formatsFor(transform, offered))[0];
  return format === undefined ? [] : [{ format, transform, weight: clause.weight }];
}

/** Metadata has a message whatever its kind has; a table has none. */
function formatsFor(transform: Transform | undefined, offered: readonly Format[]): readonly Format[] {
  if (transform === undefined) return offered;
  return transform.kind === 'Table' || transform.version !== 'v1' ? ['json', 'yaml'] : ['json', 'yaml', 'protobuf'];
}

const sameShape = (a: Representation, b: Representation): boolean =>
  a.transform?.kind === b.transform?.kind && a.transform?.version === b.transform?.version;

export const notAcceptable = (types: readonly string[]): ApiError =>
  new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);

const unsupported = (types: readonly string[]): ApiError =>
  new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );

/** Each parameter of a Content-Type is `key=value`, as Go's mime package has it. */
const parametersAreSound = (text: string): boolean =>
  text
    .split(';')
    .slice(1)
    .every((part) => part.trim() === '' || /^[^\s=]+=\s*\S/.test(part.trim()));

/** The format of a body; absent means JSON. Throws ApiError UnsupportedMediaType. */
export function bodyFormat(contentType: string | undefined, accepted: readonly Format[]): Format {
  if (contentType === undefined || contentType.trim() === '') return 'json';
  const format = parametersAreSound(contentType) ? formatOf.get(parseMediaType(contentType)?.type ?? '') : undefined;
  if (format === undefined || !accepted.includes(format)) throw unsupported(Object.values(mediaTypeOf));
  return format;
}

const patchTypes = new Map<string, PatchType>([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
]);

/** The kind of a patch. Custom resources have no strategic merge. Throws ApiError UnsupportedMediaType. */
export function patchFormat(contentType: string | undefined, builtin: boolean): PatchType {
  const accepted = [...patchTypes].filter(([, type]) => builtin || type !== 'strategic');
  const type = parseMediaType(contentType ?? '')?.type ?? '';
  const found = accepted.find(([name]) => name === type);
  if (found === undefined) throw unsupported(accepted.map(([name]) => name));
  return found[1];
}
