/** Why a body is no object of the kind asked for, in the words of apimachinery's decoders and apiserver's transformDecodeError. */
import type { Json, JsonObject } from '@skiff/api';
import { isObject, jsonKind, own } from '../../patch/values.ts';
import type { Format } from '../negotiate.ts';

const metaType =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** What a reader's fault is called when the format is looked at for its type. */
export const readingFault = (message: string, format: Format): string =>
  format === 'json'
    ? `couldn't get version/kind; json parse error: ${message.replace(/^json: (?!cannot)/, '')}`
    : message;

/** Why no type can be read off a value, or the value as an object; `null` is an empty one. */
export function typedObject(value: Json): JsonObject | string {
  if (value === null) return {};
  const wrong = (what: string, target: string): string =>
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go ${target}`;
  if (!isObject(value)) return wrong(jsonKind(value), `value of type ${metaType}`);
  for (const key of ['apiVersion', 'kind']) {
    const text = own(value, key) ?? null;
    if (text !== null && typeof text !== 'string') return wrong(jsonKind(text), `struct field .${key} of type string`);
  }
  const version = own(value, 'apiVersion');
  if (typeof version === 'string' && version.split('/').length > 2) return `unexpected GroupVersion string: ${version}`;
  return value;
}
