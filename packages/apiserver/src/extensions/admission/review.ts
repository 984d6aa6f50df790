/** The AdmissionReview that webhooks are asked with and answer with; its request is also what expressions call `request`. */
import { apiVersionOf, type Definition, type JsonObject } from '@skiff/api';
import { listAt, objectAt, own, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, DeleteOptions, WriteOptions } from '../../registry/contract.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

/** What is asked about, without the objects. `at` is the version they are shown at. */
export function requestFacts(request: AdmissionRequest, at: Definition): JsonObject {
  const { target, definition, operation, options, dryRun } = request;
  const { name: username, uid, groups, extra } = request.context.user;
  const kindOf = (of: Definition): JsonObject => {
    const { group, version, kind } = request.part ?? of;
    return { group, version, kind };
  };
  const resourceOf = (of: Definition): JsonObject => ({ group: of.group, version: of.version, resource: of.resource });
  const { subresource, name, namespace } = target;
  const shownName = name === '' ? textAt(request.object ?? {}, 'metadata', 'name') : name;
  const isNamespace = target.group === '' && target.resource === 'namespaces';
  return {
    kind: kindOf(at),
    resource: resourceOf(at),
    ...(subresource === '' ? {} : { subResource: subresource }),
    requestKind: kindOf(definition),
    requestResource: resourceOf(definition),
    ...(subresource === '' ? {} : { requestSubResource: subresource }),
    ...(shownName === '' ? {} : { name: shownName }),
    ...(namespace === '' && !isNamespace ? {} : { namespace: isNamespace ? shownName : namespace }),
    operation,
    userInfo: {
      username,
      ...(uid === '' ? {} : { uid }),
      groups: [...groups],
      ...(Object.keys(extra).length === 0
        ? {}
        : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
    },
    dryRun,
    options: operation === 'CONNECT' || options === undefined ? null : optionsOf(optionKinds[operation], options),
  };
}

/** A patch is shown as the create or update that it comes to, with its options (patchToUpdateOptions of apiserver's handlers). */
function optionsOf(kind: string, options: WriteOptions | DeleteOptions): JsonObject {
  const head = { kind, apiVersion: 'meta.k8s.io/v1' };
  const dryRun: JsonObject = options.dryRun ? { dryRun: ['All'] } : {};
  if ('fieldManager' in options) {
    const { fieldManager, fieldValidation } = options;
    return { ...head, ...dryRun, ...filled({ fieldManager, fieldValidation }) };
  }
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options;
  const conditions = filled({ ...preconditions });
  return {
    ...head,
    ...filled({ gracePeriodSeconds }),
    ...(Object.keys(conditions).length === 0 ? {} : { preconditions: conditions }),
    ...(orphanDependents === undefined ? filled({ propagationPolicy }) : { orphanDependents }),
    ...dryRun,
  };
}

/** Without what says nothing. */
const filled = (fields: Readonly<Record<string, string | number | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== '',
    ),
  );

export interface ReviewedObjects {
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/** The objects of a request as version `at` shows them. What a subresource takes is the same at every version. */
export async function objectsAtVersion(
  registry: ExtensibleRegistry,
  request: AdmissionRequest,
  at: Definition,
): Promise<ReviewedObjects> {
  const { object, oldObject, definition, part } = request;
  if (part !== undefined || at === definition) return { object, oldObject };
  const shown = async (one: JsonObject | undefined): Promise<JsonObject | undefined> =>
    one === undefined ? undefined : registry.convert(one, definition, at);
  return { object: await shown(object), oldObject: await shown(oldObject) };
}

export const reviewOf = (version: string, uid: string, facts: JsonObject, objects: ReviewedObjects): JsonObject => ({
  kind: 'AdmissionReview',
  apiVersion: apiVersionOf({ group: 'admission.k8s.io', version }),
  request: { uid, ...facts, object: objects.object ?? null, oldObject: objects.oldObject ?? null },
});

export interface Verdict {
  readonly allowed: boolean;
  /** A Status document; undefined when none was given. */
  readonly result: JsonObject | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** JSON text; '' when nothing is to be changed. */
  readonly patch: string;
}

/** Reads an answer. Throws Error that says what is wrong with it, as apiserver's VerifyAdmissionResponse does. */
export function verdictOf(answer: JsonObject, version: string, uid: string, mutating: boolean): Verdict {
  const response = objectAt(answer, 'response');
  if (response === undefined) throw new Error('webhook response was absent');
  if (version === 'v1') {
    const got = textAt(response, 'uid');
    if (got !== uid)
      throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(got.slice(0, 100))}`);
    const wanted = 'admission.k8s.io/v1, Kind=AdmissionReview';
    const kind = `${textAt(answer, 'apiVersion')}, Kind=${textAt(answer, 'kind')}`;
    if (kind !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${kind.slice(0, 200)}`);
  }
  const patch = textAt(response, 'patch');
  const patchType = own(response, 'patchType') ?? undefined;
  if (!mutating && patch !== '') throw new Error('validating webhook may not return response.patch');
  if (!mutating && patchType !== undefined) throw new Error('validating webhook may not return response.patchType');
  if (version === 'v1' && patch !== '' && patchType === undefined) {
    throw new Error('webhook returned response.patch but not response.patchType');
  }
  if (patch === '' && patchType !== undefined)
    throw new Error('webhook returned response.patchType but not response.patch');
  if (patch !== '' && patchType !== undefined && patchType !== 'JSONPatch') {
    throw new Error(`unsupported patch type ${JSON.stringify(String(patchType).slice(0, 100))}`);
  }
  return {
    allowed: own(response, 'allowed') === true,
    result: objectAt(response, 'status'),
    warnings: listAt(response, 'warnings').filter((each) => typeof each === 'string'),
    auditAnnotations: Object.fromEntries(
      Object.entries(objectAt(response, 'auditAnnotations') ?? {}).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
    patch: Buffer.from(patch, 'base64').toString('utf8'),
  };
}
