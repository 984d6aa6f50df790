/** Values as Kubernetes' refusals show them: Go's `%#v`, or `%q` for a text (apimachinery's field.Error.ErrorBody of v1.32). */

/** A value whose Go type its JSON does not tell. */
export class GoText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A text in Go's double quotes. */
export const goQuote = (text: string): string =>
  JSON.stringify(text)
    .replaceAll(/\\u00([01][0-9a-f])/g, (_, code: string) => ({ '07': '\\a', '0b': '\\v' })[code] ?? `\\x${code}`)
    .replaceAll('\u007f', '\\x7f')
    .replaceAll(/[\x80-\xa0\xad]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);

/** The whole of a value after `Invalid value: `. Nothing at all is shown as the text "null". */
export function goValue(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  return goText(value);
}

function goText(value: unknown): string {
  if (value instanceof GoText) return value.text;
  if (value === undefined || value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return goList(value.every(isText) ? 'string' : 'interface {}', value).text;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  const type = entries.length > 0 && entries.every(([, member]) => isText(member)) ? 'string' : 'interface {}';
  return goMap(type, Object.fromEntries(entries)).text;
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** A slice; one that is not there is nil. */
export const goList = (type: string, list: readonly unknown[] | undefined): GoText =>
  new GoText(list === undefined ? `[]${type}(nil)` : `[]${type}{${list.map(goText).join(', ')}}`);

/** The bytes of a text in base64. */
export const goBytes = (base64: string): GoText =>
  new GoText(`[]byte{${[...Buffer.from(base64, 'base64')].map((byte) => `0x${byte.toString(16)}`).join(', ')}}`);

/** A map by text; one that is not there is nil. */
export function goMap(type: string, map: Readonly<Record<string, unknown>> | undefined): GoText {
  if (map === undefined) return new GoText(`map[string]${type}(nil)`);
  const entries = Object.keys(map)
    .sort()
    .map((key) => `${goQuote(key)}:${goText(map[key])}`);
  return new GoText(`map[string]${type}{${entries.join(', ')}}`);
}

/** An intstr.IntOrString, as a value and not behind a pointer. */
export const goIntOrString = (value: number | string | undefined): GoText =>
  typeof value === 'string'
    ? goStruct('intstr.IntOrString', { Type: 1, IntVal: 0, StrVal: value })
    : goStruct('intstr.IntOrString', { Type: 0, IntVal: value ?? 0, StrVal: '' });

/** A pointer inside a value: to nothing, or to an address that means nothing to a reader. */
export const goPointer = (type: string, value: unknown): GoText =>
  new GoText(`(*${type})(${value === undefined ? 'nil' : '0x0'})`);

/** In place of a value that a refusal does not show. */
export const omitted = new GoText('');

/** A struct: all its fields, in order; a text that is not there is empty. */
export const goStruct = (type: string, fields: Readonly<Record<string, unknown>>): GoText =>
  new GoText(
    `${type}{${Object.entries(fields)
      .map(([name, value]) => `${name}:${goText(value ?? '')}`)
      .join(', ')}}`,
  );

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string | undefined>>;
  readonly matchExpressions?: readonly {
    readonly key?: string;
    readonly operator?: string;
    readonly values?: readonly string[];
  }[];
}

/** A metav1.LabelSelector; nothing when there is none. */
export function goSelector(selector: Selector | undefined): GoText | undefined {
  if (selector === undefined) return undefined;
  const requirements = selector.matchExpressions?.map(({ key, operator, values }) =>
    goStruct('v1.LabelSelectorRequirement', { Key: key, Operator: operator, Values: goList('string', values) }),
  );
  return goStruct('v1.LabelSelector', {
    MatchLabels: goMap('string', selector.matchLabels),
    MatchExpressions: goList('v1.LabelSelectorRequirement', requirements),
  });
}

/** A time in Go's words. */
export const goTime = (text: string | undefined): GoText =>
  new GoText(`${new Date(text ?? '').toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`);
