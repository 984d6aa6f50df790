/** What a YAML text without quotes stands for: go-yaml v2's rules, which sigs.k8s.io/yaml and so all of Kubernetes' tools follow. */
import { badRequest } from '../errors.ts';
import type { Json } from '../object.ts';

const words = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((text) => [text, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, null] as const),
]);

const noNumber = /^(?:\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/;
const integer = /^[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** No number that fits has more: what is longer is not looked at. */
const maxDigits = 1024;

/** The value of a plain scalar: `yes` is true, `017` is fifteen, `1:30` and dates are texts. Throws BadRequest for what JSON has no number for. */
export function resolvePlain(text: string): Json {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (noNumber.test(text)) throw badRequest(`json: unsupported value: ${goFloat(text)}`);
  // Underscores are let be in what starts like a number.
  const digits = /^[-+0-9]/.test(text) ? text.replaceAll('_', '') : text;
  if (digits.length <= maxDigits && /^[-+.0-9]/.test(digits)) {
    const value = integer.test(digits) ? toInteger(digits) : undefined;
    if (value !== undefined) return value;
    const plain = float.test(digits) ? Number(digits) : Number.NaN;
    if (Number.isFinite(plain)) return plain;
  }
  return text.toWellFormed();
}

const goFloat = (text: string): string => (/nan$/i.test(text) ? 'NaN' : text.startsWith('-') ? '-Inf' : '+Inf');

/** Go's ParseInt with base 0, and ParseUint's further range; undefined beyond both. */
function toInteger(text: string): Json | undefined {
  const sign = /^[-+]/.test(text) ? text.charAt(0) : '';
  const magnitude = BigInt(
    text
      .slice(sign.length)
      .toLowerCase()
      .replace(/^0(?=[0-7]+$)/, '0o'),
  );
  const exact = sign === '-' ? -magnitude : magnitude;
  if (BigInt.asIntN(64, exact) !== exact && (sign !== '' || BigInt.asUintN(64, exact) !== exact)) return undefined;
  const plain = Number(exact);
  // Documents are typed as JSON; a bigint stands for a number and is written as one. Beyond int64 Kubernetes' JSON reader takes a float.
  return Number.isSafeInteger(plain) || BigInt.asIntN(64, exact) !== exact ? plain : (exact as unknown as number);
}
