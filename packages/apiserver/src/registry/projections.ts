/** Objects that stand for a part of another: what `scale` shows and takes. */
import type { JsonObject } from '@skiff/api';
import { copy, put } from '../patch/values.ts';
import type { Answer } from './contract.ts';
import { parseText, toText } from './documents.ts';
import type { Env } from './env.ts';
import { type Change, guaranteedUpdate } from './guaranteed-update.ts';
import { metaOf, resourceVersionOf } from './meta.ts';
import type { Projection } from './subresources/table.ts';

/** Changes the object behind a projection to what `makePart` makes of the part, and answers with the new part. */
export async function putProjection(
  env: Env,
  common: Pick<Change, 'context' | 'kind' | 'target' | 'options'>,
  projection: Projection,
  makePart: (part: JsonObject) => JsonObject,
): Promise<Answer> {
  const { kind } = common;
  const { text } = await guaranteedUpdate(env, {
    ...common,
    view: undefined,
    allowCreate: false,
    make(old) {
      const object = copy(old ?? {});
      const part = makePart(projection.get(kind, object));
      projection.put(kind, object, part);
      const version = resourceVersionOf(part);
      if (version === '') delete metaOf(object).resourceVersion;
      else put(metaOf(object), 'resourceVersion', version);
      return object;
    },
  });
  return { text: toText(projection.get(kind, parseText(text))), created: false };
}
