/**
 * JSON patch (RFC 6902) with the leniency of the library that Kubernetes has (evanphx/json-patch v4): an absent key may be
 * replaced, is null to a test and to a copy, a missing value is null, and a negative index counts from the end.
 * `fast-json-patch` carries the operations out; before each one the pointer is walked here over own keys.
 */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Json } from '@skiff/api';
import { maxJsonDepth } from '@skiff/api/json';
import jsonPatchLibrary from 'fast-json-patch';
import { PatchError, wrongPatch } from './errors.ts';
import { copy, isObject, jsonKind, own, same } from './values.ts';

const maxOperations = 10_000;
/** Characters that `copy` operations may add in all, so that a patch cannot double a document into gigabytes (CVE-2019-1002100). */
const maxCopied = 3 * 1024 * 1024;

type Name = 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
const names: ReadonlySet<string> = new Set<Name>(['add', 'remove', 'replace', 'move', 'copy', 'test']);

interface Operation {
  readonly op: Name;
  readonly path: string;
  readonly from: string;
  readonly value: Json | undefined;
}

/** So many operations are carried out in a row: each may move a long list along. */
const operationsInTurn = 100;

/** The document after the patch; neither argument is changed. Others have their turn meanwhile. Throws PatchError. */
export async function jsonPatch(document: Json, patch: unknown): Promise<Json> {
  if (patch === null) return document;
  if (!Array.isArray(patch)) {
    throw new PatchError('malformed', wrongPatch(patch, 'json'));
  }
  if (patch.length > maxOperations) {
    throw new PatchError(
      'too-many-operations',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  const operations = patch.map(readOperation);
  const checkDepth = depthGuard();
  let current = copy(document);
  let copied = 0;
  for (const [index, operation] of operations.entries()) {
    if (index % operationsInTurn === operationsInTurn - 1) await othersTurn();
    if (operation.op === 'copy') {
      copied += JSON.stringify(valueOrNull(current, operation.from, operation)).length;
      if (copied > maxCopied) {
        throw new PatchError(
          'too-large',
          `unable to copy, the accumulated size increase of copy operation is ${copied}`,
        );
      }
    }
    checkDepth(current, operation);
    current = apply(current, operation);
  }
  return current;
}

/**
 * Throws for an operation that makes the document deeper than what can be read again. How deep it is at most is kept from one operation to
 * the next: it is walked anew only when that is too much.
 */
function depthGuard(): (document: Json, operation: Operation) => void {
  let most: number | undefined;
  return (document, { op, path, from, value }) => {
    if (op === 'remove' || op === 'test') return;
    const refuse = (): never => {
      throw new PatchError('too-large', `${op} operation does not apply: exceeded max depth`);
    };
    if (op === 'add' || op === 'replace') {
      const depth = levelsOf(path) + depthOf(value);
      if (depth > maxJsonDepth) refuse();
      if (most !== undefined) most = Math.max(most, depth);
      return;
    }
    const deeper = levelsOf(path) - levelsOf(from);
    if (deeper <= 0) return;
    if (most === undefined || most + deeper > maxJsonDepth) most = depthOf(document);
    if (most + deeper > maxJsonDepth && levelsOf(path) + depthOf(found(document, from)) > maxJsonDepth) refuse();
    most += deeper;
  };
}

const levelsOf = (pointer: string): number => pointer.split('/').length - 1;

function readOperation(raw: unknown): Operation {
  if (raw === null) return readOperation({});
  if (!isObject(raw)) {
    throw new PatchError(
      'malformed',
      `error decoding patch: json: cannot unmarshal ${jsonKind(raw)} into Go value of type handlers.jsonPatchOp`,
    );
  }
  const op = own(raw, 'op');
  const path = own(raw, 'path');
  const from = own(raw, 'from');
  const value = own(raw, 'value');
  for (const [name, text] of Object.entries({ op, from, path }))
    if (typeof (text ?? '') !== 'string')
      throw new PatchError(
        'malformed',
        `error decoding patch: json: cannot unmarshal ${jsonKind(text)} into Go struct field jsonPatchOp.${name} of type string`,
      );
  if (typeof op !== 'string' || !isName(op)) {
    throw new PatchError('inapplicable', `Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
  }
  if (!isPointer(path)) throw new PatchError('inapplicable', `${op} operation has no valid path`);
  const needsFrom = op === 'move' || op === 'copy';
  if (needsFrom && !isPointer(from)) throw new PatchError('inapplicable', `${op} operation has no valid from`);
  return {
    op,
    path,
    from: needsFrom && typeof from === 'string' ? from : '',
    value: value === undefined ? undefined : copy(value),
  };
}

const isName = (op: string): op is Name => names.has(op);
const isPointer = (value: Json | undefined): value is string =>
  typeof value === 'string' && (value === '' || value.startsWith('/')) && !/~(?![01])/.test(value);

/** Changes `document` in place; returns the new root, which an operation on the whole document replaces. */
function apply(document: Json, operation: Operation): Json {
  const { op, path, from } = operation;
  if (op === 'test') return tested(document, operation);
  if (path === '') return wholly(operation);
  if (op === 'copy' || op === 'move') {
    if (op === 'move' && path.startsWith(`${from}/`)) {
      throw new PatchError('inapplicable', `move operation does not apply: ${from} cannot move into itself`);
    }
    const source = op === 'copy' ? valueOrNull(document, from, operation) : valueAt(document, from, operation);
    const value = op === 'copy' ? copy(source) : source;
    const base =
      op === 'copy' || path === from ? document : carryOut(document, { ...operation, op: 'remove', path: from });
    return carryOut(base, { ...operation, op: 'add', value });
  }
  return carryOut(document, operation);
}

/** The whole document can be replaced by another one, and nothing else. */
function wholly({ op, value }: Operation): Json {
  if (op === 'replace' && typeof value === 'object' && value !== null) return value;
  throw new PatchError('inapplicable', `${op} operation does not apply: doc is missing path: ""`);
}

function carryOut(document: Json, given: Operation): Json {
  const operation = checkTarget(document, given);
  try {
    return jsonPatchLibrary.applyOperation(document, toLibrary(operation), false, true, true).newDocument;
  } catch (error) {
    throw new PatchError(
      'inapplicable',
      `${operation.op} operation does not apply: ${operation.path}: ${errorName(error)}`,
    );
  }
}

/** How many objects and lists stand in each other. */
function depthOf(value: Json | undefined): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOf(member));
  return deepest + 1;
}

function tested(document: Json, operation: Operation): Json {
  const found = valueOrNull(document, operation.path, operation);
  // An absent value is null, as Kubernetes' reader has it.
  if (!same(found, operation.value ?? null)) {
    throw new PatchError('inapplicable', `testing value ${operation.path} failed: test failed`);
  }
  return document;
}

const errorName = (error: unknown): string => (error instanceof Error ? error.name : String(error));

function toLibrary(operation: Operation): jsonPatchLibrary.Operation {
  const { op, path, value } = operation;
  return op === 'remove' ? { op, path } : { op: op === 'replace' ? 'replace' : 'add', path, value: value ?? null };
}

const tokensOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The place a token names in a list of `length`; undefined for what is no number. */
function indexIn(token: string, length: number): number | undefined {
  if (!/^[-+]?[0-9]{1,9}$/.test(token)) return undefined;
  const index = Number(token);
  return index < 0 ? index + length : index;
}

/** The value a pointer names, if there is one. */
function found(document: Json, pointer: string): Json | undefined {
  let current: Json | undefined = document;
  for (const token of tokensOf(pointer)) current = current === undefined ? undefined : step(current, token);
  return current;
}

/** The same. Throws when a part is missing. */
function valueAt(document: Json, pointer: string, operation: Operation): Json {
  const value = found(document, pointer);
  if (value === undefined) throw missing(operation, pointer);
  return value;
}

/** The same, and null for a key that its object does not have. */
function valueOrNull(document: Json, pointer: string, operation: Operation): Json {
  const slash = pointer.lastIndexOf('/');
  if (slash < 0) {
    if (operation.op === 'test') return document;
    throw missing(operation, pointer);
  }
  const parent = valueAt(document, pointer.slice(0, slash), operation);
  return isObject(parent)
    ? (step(parent, tokensOf(pointer).at(-1) ?? '') ?? null)
    : valueAt(document, pointer, operation);
}

function step(container: Json, token: string): Json | undefined {
  if (Array.isArray(container)) return container[indexIn(token, container.length) ?? -1];
  return isObject(container) ? own(container, token) : undefined;
}

function missing(operation: Operation, pointer: string): PatchError {
  return new PatchError('inapplicable', `${operation.op} operation does not apply: doc is missing path: "${pointer}"`);
}

/** The operation with a plain index. Refuses a target that does not exist, an index out of range and keys that a prototype guards. */
function checkTarget(document: Json, operation: Operation): Operation {
  const tokens = tokensOf(operation.path);
  const last = tokens.pop() ?? '';
  const slash = operation.path.lastIndexOf('/');
  const parent = valueAt(document, operation.path.slice(0, slash), operation);
  if (last === '__proto__' || tokens.includes('__proto__')) {
    throw new PatchError('inapplicable', `${operation.op} operation does not apply: "__proto__" is no usable key`);
  }
  if (isObject(parent)) {
    const isThere = step(parent, last) !== undefined;
    if (operation.op === 'remove' && !isThere) throw missing(operation, operation.path);
    return operation.op === 'replace' && !isThere ? { ...operation, op: 'add' } : operation;
  }
  if (!Array.isArray(parent)) throw missing(operation, operation.path);
  const grows = operation.op === 'add';
  const index = grows && last === '-' ? parent.length : indexIn(last, parent.length + (grows ? 1 : 0));
  if (index === undefined || index < 0 || index >= parent.length + (grows ? 1 : 0)) {
    throw new PatchError(
      'inapplicable',
      `${operation.op} operation does not apply: unable to access invalid index: ${last}`,
    );
  }
  return { ...operation, path: `${operation.path.slice(0, slash)}/${index}` };
}
