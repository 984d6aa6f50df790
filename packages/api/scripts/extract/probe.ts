/**
 * Asks a validator of `kubernetes-models` what a field's number or string really is, by handing it values that are
 * wrong for some kinds and reading which rule complains. Independent of how the validators are written.
 */

/** One complaint, in the form of Ajv's errors. */
interface Complaint {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: { readonly type?: string; readonly format?: string; readonly missingProperty?: string };
}

export interface Validator {
  (value: unknown): boolean;
  errors?: readonly Complaint[] | null;
}

export interface NumberKind {
  readonly type: 'integer' | 'number';
  readonly format: 'int32' | 'int64' | 'double';
}

/** Wraps a probe value as the field holds it: bare, in a list, in a map. */
export type Wrap = (value: unknown) => unknown;

/** What kind of number property `name` is. `path` is the JSON pointer of the innermost value. */
export function probeNumber(validate: Validator, name: string, wrap: Wrap, path: string): NumberKind {
  const fraction = complaints(validate, name, wrap(0.5), path);
  const type = fraction.some((one) => one.keyword === 'type' && one.params.type === 'integer') ? 'integer' : 'number';
  // Only int32 has a range to these validators. Kubernetes has no other integer than int32 and int64, and no float.
  const format = complaints(validate, name, wrap(2 ** 40), path).find((one) => one.keyword === 'format')?.params.format;
  if (format === undefined) return type === 'integer' ? { type, format: 'int64' } : { type, format: 'double' };
  if (format === 'int32' && type === 'integer') return { type, format };
  throw new Error(`${name}: unknown number format ${format}`);
}

/** The format of a string property: `byte`, or undefined for plain text. */
export function probeString(validate: Validator, name: string, wrap: Wrap, path: string): 'byte' | undefined {
  const format = complaints(validate, name, wrap('\u0000'), path).find((one) => one.keyword === 'format')?.params
    .format;
  if (format === undefined || format === 'byte') return format;
  throw new Error(`${name}: unknown string format ${format}`);
}

/** The names the validator demands, to hold against the interface's. */
export function probeRequired(validate: Validator): string[] {
  validate({});
  return (validate.errors ?? [])
    .filter((one) => one.keyword === 'required' && one.instancePath === '')
    .map((one) => one.params.missingProperty ?? '')
    .sort();
}

function complaints(validate: Validator, name: string, value: unknown, path: string): readonly Complaint[] {
  validate({ [name]: value });
  return (validate.errors ?? []).filter((one) => one.instancePath === path);
}
