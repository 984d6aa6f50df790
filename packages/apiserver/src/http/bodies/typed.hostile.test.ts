/** Bodies that are no object of the kind, and what is said of them. */
import { expect, it } from 'vitest';
import { configMaps, json, serverOfThings } from '../testing/bodies.ts';

const { post } = serverOfThings();
const parse = "couldn't get version/kind; json parse error:";
const meta = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

it.each<[string, string]>([
  ['', `${parse} unexpected end of JSON input (<empty>)`],
  ['nope', `${parse} invalid character 'o' in literal null (expecting 'u') (6e6f7065)`],
  ['{"a":', `${parse} unexpected end of JSON input ({"a":)`],
  ['{} x', `${parse} invalid character 'x' after top-level value ({} x)`],
  ['[1]', `${parse} json: cannot unmarshal array into Go value of type ${meta} (5b315d)`],
  ['"a"', `${parse} json: cannot unmarshal string into Go value of type ${meta} (226122)`],
  ['true', `${parse} json: cannot unmarshal bool into Go value of type ${meta} (74727565)`],
  ['{"kind":5}', `${parse} json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})`],
  [
    '{"apiVersion":{}}',
    `${parse} json: cannot unmarshal object into Go struct field .apiVersion of type string ({"apiVersion":{}})`,
  ],
  ['{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'],
])('the JSON %j is unrecognized', async (body, why) => {
  const { code, reason, message } = json(await post(configMaps, body));
  expect({ code, reason, message }).toEqual({
    code: 400,
    reason: 'BadRequest',
    message: `the object provided is unrecognized (must be of type ConfigMap): ${why}`,
  });
});

it.each(['null', '{}', '{"kind":null}'])('the JSON %s is an object without anything', async (body) => {
  expect(json(await post(configMaps, body))).toMatchObject({
    code: 422,
    message: expect.stringContaining('metadata.name: Required value'),
  });
});

it.each<[string, string]>([
  ['k8s', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (6b3873)'],
  ['', 'empty data (<empty>)'],
  ['k8s\0', 'empty body (6b387300)'],
])('the protobuf %j is unrecognized', async (body, why) => {
  const { message } = json(await post(configMaps, body, 'protobuf'));
  expect(message).toBe(`the object provided is unrecognized (must be of type ConfigMap): ${why}`);
});
