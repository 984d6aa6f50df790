/** Conversion between the versions of a custom kind by a webhook (ConversionReview of apiextensions.k8s.io/v1 and v1beta1). */
import { ApiError, apiVersionOf, type JsonObject, type Random, uuid } from '@skiff/api';
import { copy, isObject, listAt, objectAt, own, put, same, textAt } from '../../patch/values.ts';
import type { Kind } from '../../registry/definition-table.ts';
import type { Crd } from '../crd/types.ts';
import type { CallWebhook } from './client.ts';

export type Converting = NonNullable<Kind['convert']>;

/** Kubernetes gives conversions this long. */
const timeoutMs = 30_000;
const maxBytes = 64 * 1024 * 1024;
/** Objects of one review: a list of thousands is converted in several. */
const maxObjects = 500;

/** Makes the conversion of a CRD whose strategy is Webhook. */
export function webhookConverter(call: CallWebhook, random: Random, signal: AbortSignal): (crd: Crd) => Converting {
  return (crd) => {
    const { clientConfig = {}, conversionReviewVersions = [] } = crd.spec?.conversion?.webhook ?? {};
    const version = conversionReviewVersions.find((each) => each === 'v1' || each === 'v1beta1');
    const convert: Converting = async (objects, apiVersion) => {
      const about = `${textAt(objects[0] ?? {}, 'apiVersion')}, Kind=${textAt(objects[0] ?? {}, 'kind')}`;
      if (version === undefined) throw failed('no supported conversion review versions');
      const uid = uuid(random);
      const review = reviewOf(version, uid, objects, apiVersion);
      let answer: JsonObject;
      try {
        answer = await call({ config: clientConfig, body: review, timeoutMs, maxBytes, signal });
        return converted({ version, uid, about, apiVersion }, answer, objects);
      } catch (error) {
        if (error instanceof ApiError) throw error;
        throw failed(`conversion webhook for ${about} failed: ${(error as Error).message}`, error);
      }
    };
    return async (objects, apiVersion) => {
      const results: JsonObject[] = [];
      for (let start = 0; start < objects.length; start += maxObjects) {
        results.push(...(await convert(objects.slice(start, start + maxObjects), apiVersion)));
      }
      return results;
    };
  };
}

const reviewOf = (version: string, uid: string, objects: readonly JsonObject[], apiVersion: string): JsonObject => ({
  kind: 'ConversionReview',
  apiVersion: apiVersionOf({ group: 'apiextensions.k8s.io', version }),
  request: { uid, desiredAPIVersion: apiVersion, objects: [...objects] },
});

/** A conversion that fails is a 500 without a reason, as any error that is none of the API's. */
const failed = (message: string, cause?: unknown): ApiError =>
  new ApiError(undefined, message, undefined, cause === undefined ? {} : { cause });

interface Asked {
  readonly version: string;
  readonly uid: string;
  /** The objects' type, for messages. */
  readonly about: string;
  readonly apiVersion: string;
}

/** The objects of an answer, each held against the one that was sent. Throws Error or ApiError. */
function converted(asked: Asked, answer: JsonObject, sent: readonly JsonObject[]): readonly JsonObject[] {
  const response = objectAt(answer, 'response');
  const wanted = `apiextensions.k8s.io/${asked.version}, Kind=ConversionReview`;
  const got = `${textAt(answer, 'apiVersion')}, Kind=${textAt(answer, 'kind')}`;
  if (asked.version === 'v1' && got !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${got}`);
  if (response === undefined) throw new Error('no response provided');
  const uid = textAt(response, 'uid');
  if (asked.version === 'v1' && uid !== asked.uid) {
    throw new Error(`expected response.uid=${JSON.stringify(asked.uid)}, got ${JSON.stringify(uid.slice(0, 100))}`);
  }
  const status = textAt(response, 'result', 'status');
  if (status !== 'Success') {
    const message = textAt(response, 'result', 'message');
    throw new Error(message === '' ? `response.result.status was '${status.slice(0, 100)}', not 'Success'` : message);
  }
  const objects = listAt(response, 'convertedObjects');
  if (objects.length !== sent.length) {
    throw failed(`conversion webhook for ${asked.about} returned ${objects.length} objects, expected ${sent.length}`);
  }
  return sent.map((original, index) => {
    const object = objects[index] ?? null;
    const fault = isObject(object) ? misfit(asked, original, object) : 'invalid type';
    if (fault === undefined && isObject(object)) return withMeta(original, object);
    const where = `conversion webhook for ${asked.about} returned invalid converted object at index ${index}`;
    throw failed(`${where}: ${fault}`);
  });
}

/** What a conversion may not change; undefined when it did not. */
function misfit(asked: Asked, original: JsonObject, object: JsonObject): string | undefined {
  const version = textAt(object, 'apiVersion');
  if (version !== asked.apiVersion) return `invalid groupVersion (expected ${asked.apiVersion}, received ${version})`;
  const [kind, received] = [textAt(original, 'kind'), textAt(object, 'kind')];
  if (kind !== received) return `invalid kind (expected ${kind}, received ${received})`;
  if (objectAt(object, 'metadata') === undefined) return 'missing metadata in converted object';
  for (const [name, key] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['UID', 'uid'],
  ] as const) {
    const [before, after] = [textAt(original, 'metadata', key), textAt(object, 'metadata', key)];
    if (before !== after) return `must have the same ${name}: ${before} != ${after}`;
  }
  for (const key of ['labels', 'annotations']) {
    const values = Object.entries(objectAt(object, 'metadata', key) ?? {});
    const wrong = values.find(([, value]) => typeof value !== 'string');
    if (wrong !== undefined) return `metadata.${key}[${wrong[0]}] must be a string`;
  }
  return undefined;
}

/** Of the metadata a conversion may change labels and annotations, and nothing else. */
function withMeta(original: JsonObject, object: JsonObject): JsonObject {
  const metadata = copy(objectAt(original, 'metadata') ?? {});
  for (const key of ['labels', 'annotations']) {
    const given = own(objectAt(object, 'metadata') ?? {}, key);
    if (isObject(given)) {
      if (!same(given, own(metadata, key))) put(metadata, key, given);
    } else delete metadata[key];
  }
  const { kind, apiVersion, metadata: _, ...rest } = object;
  return { kind: kind ?? '', apiVersion: apiVersion ?? '', metadata, ...rest };
}
