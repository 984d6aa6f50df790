/** A quantity as Kubernetes' refusals show it: Go's `%#v` of the struct, which depends on how the text was written (resource.ParseQuantity). */
import { GoText, goPointer, goQuote, goStruct } from './go-text.ts';
import { tryParseQuantity } from './quantity.ts';

/** What is not there, or no quantity, is the zero value. */
export function goQuantity(text: string | number | undefined): GoText {
  const source = String(text ?? '').trim();
  const quantity = tryParseQuantity(source);
  if (quantity === undefined) return struct(0n, 0, '', '');
  if (source === '0') return struct(0n, 0, '0', 'DecimalSI');
  return asInteger(source) ?? struct(0n, 0, '', quantity.format, goPointer('inf.Dec', quantity));
}

const struct = (value: bigint, scale: number, text: string, format: string, dec = goPointer('inf.Dec', undefined)) =>
  goStruct('resource.Quantity', {
    i: goStruct('resource.int64Amount', { value: new GoText(String(value)), scale: new GoText(String(scale)) }),
    d: goStruct('resource.infDecAmount', { Dec: dec }),
    s: text,
    Format: new GoText(goQuote(format)),
  });

const parts = /^([+-]?)0*(\d*)(?:\.(\d*))?(.*)$/;
const decimals: Readonly<Record<string, number>> = {
  ...{ n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 },
};
const binaries = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** What fits 64 bits is kept as an integer and a power of ten; its text too, when it cannot be written shorter. */
function asInteger(source: string): GoText | undefined {
  const [, sign = '', digits = '', fraction = '', suffix = ''] = parts.exec(source) ?? [];
  const whole = digits === '' ? '0' : digits;
  const shifted = BigInt(whole + fraction);
  const signed = (value: bigint): bigint => (sign === '-' ? -value : value);
  if (suffix.endsWith('i')) {
    const power = binaries.indexOf(suffix) * 10;
    const value = signed(shifted << BigInt(power));
    const precision = 15 - whole.length - Math.trunc(Math.fround((power * 3) / 10)) - 1;
    if (fraction !== '' || precision < 0 || BigInt.asIntN(64, value) !== value) return undefined;
    return struct(value, 0, (shifted & 7n) === 0n ? '' : source, 'BinarySI');
  }
  const exponent = decimals[suffix] ?? Number(suffix.slice(1));
  const scale = exponent - fraction.length;
  if (18 - whole.length - fraction.length < 0 || scale < -9) return undefined;
  const isShortest = scale % 3 === 0 && !shiftedEnds(whole + fraction);
  const format = suffix in decimals ? 'DecimalSI' : 'DecimalExponent';
  return struct(signed(shifted), scale, isShortest ? source : '', format);
}

const shiftedEnds = (digits: string): boolean => digits.endsWith('000') || digits.startsWith('0');
