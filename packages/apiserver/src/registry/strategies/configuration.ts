/** ConfigMaps and Secrets. */
import type { JsonObject } from '@skiff/api';
import { childObject, objectAt, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';

export const secrets: Strategy = {
  /** `stringData` is only a way to write: it joins `data`, encoded. */
  normalise(object) {
    const texts = objectAt(object, 'stringData');
    if (texts === undefined) return;
    const data = childObject(object, 'data');
    for (const [key, text] of Object.entries(texts)) {
      put(data, key, Buffer.from(String(text), 'utf8').toString('base64'));
    }
    delete object.stringData;
  },
  prepareForUpdate(object, old) {
    if (textAt(object, 'type') === '') put(object, 'type', textAt(old, 'type'));
  },
  selectablePaths: [['type']],
  selectableFields: (object) => ({ type: textAt(object as JsonObject, 'type') }),
};
