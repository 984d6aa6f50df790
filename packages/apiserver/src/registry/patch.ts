/** PATCH: json, merge, strategic merge and apply, on an object, a part of it, or the object that stands for a part. */
import { ApiError, badRequest, field, invalid, type JsonObject } from '@skiff/api';
import { PatchError, wrongPatch } from '../patch/errors.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { strategicMergePatch } from '../patch/strategic-merge.ts';
import { isObject } from '../patch/values.ts';
import { applyOne } from './apply.ts';
import type { Answer, PatchBody, RequestContext, Target, WriteOptions } from './contract.ts';
import { type Decodable, decodableOf, decodePatched } from './decode.ts';
import { type Env, kindOf, methodNotSupported } from './env.ts';
import { guaranteedUpdate } from './guaranteed-update.ts';
import { shownBy } from './shown.ts';
import { findSubresource } from './subresources/table.ts';
import { isLarge } from './turns.ts';

export async function patch(
  env: Env,
  context: RequestContext,
  target: Target,
  body: PatchBody,
  options: WriteOptions,
): Promise<Answer> {
  const kind = kindOf(env, target, context);
  const subresource = findSubresource(kind, target, 'patch');
  const isVirtual = env.virtual.has(`${target.group}/${target.resource}`);
  const forbids = subresource === undefined && !kind.definition.verbs.includes('patch');
  if (subresource?.type === 'action' || isVirtual || forbids) throw methodNotSupported(target, 'patch');
  if (body.type === 'strategic' && kind.custom === true) throw unsupportedStrategic();
  const large = isLarge(body.size);
  const common = { context, kind, target, options, large };
  if (subresource?.type === 'projection') {
    const shown = shownBy(subresource);
    return guaranteedUpdate(env, {
      ...{ ...common, view: undefined, allowCreate: false, projection: subresource },
      make: (old, large) => patched({ context, shown, body, options, large }, old ?? {}),
    });
  }
  const view = subresource?.type === 'view' ? subresource : undefined;
  if (body.type === 'apply') return applyOne(env, { ...common, view, body });
  return guaranteedUpdate(env, {
    ...common,
    view,
    allowCreate: false,
    make: (old, large) => patched({ context, shown: decodableOf(kind), body, options, large }, old ?? {}),
  });
}

interface Patching {
  readonly context: RequestContext;
  readonly shown: Decodable;
  readonly body: PatchBody;
  readonly options: WriteOptions;
  readonly large: boolean;
}

/** The object after the patch, decoded like one that was sent whole. Throws ApiError. */
async function patched(patching: Patching, old: JsonObject): Promise<JsonObject> {
  const { shown, body } = patching;
  try {
    const strategic = body.type === 'strategic' ? { strategic: body.patch } : {};
    const decoding = { ...patching, duplicates: body.duplicates, ...strategic };
    return await decodePatched(decoding, () => carryOut(shown, old, body));
  } catch (error) {
    throw error instanceof PatchError ? patchRefused(error) : error;
  }
}

async function carryOut(shown: Decodable, old: JsonObject, body: PatchBody): Promise<JsonObject> {
  if (body.type === 'json') return requireObject(await jsonPatch(old, body.patch));
  if (body.type === 'merge' && body.patch === null) throw new PatchError('malformed', 'Invalid JSON Patch');
  // Nothing is a map without entries to Go.
  const wanted = body.patch ?? {};
  if (!isObject(wanted)) throw new PatchError('malformed', wrongPatch(wanted, body.type));
  if (body.type === 'strategic') {
    // Kubernetes merges into an object whose type it knows: what the patch says of it changes nothing.
    const { apiVersion: _, kind: __, ...rest } = wanted;
    return strategicMergePatch(old, rest, shown.schema());
  }
  return requireObject(mergePatch(old, wanted));
}

function requireObject(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw invalid({ group: '', kind: '' }, '', [field.invalid('patch', JSON.stringify(value), 'must stay an object')]);
}

function patchRefused(error: PatchError): ApiError {
  switch (error.fault) {
    case 'malformed':
      return badRequest(error.message);
    case 'too-many-operations':
      return new ApiError('RequestEntityTooLarge', `Request entity too large: ${error.message}`);
    // Kubernetes does not say what: clients match on this sentence alone.
    case 'too-large':
    case 'inapplicable':
      return new ApiError('Invalid', 'the server rejected our request due to an error in our request');
  }
}

/** Strategic merge needs the lists' merge keys, which only built-in kinds have. */
function unsupportedStrategic(): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
}
