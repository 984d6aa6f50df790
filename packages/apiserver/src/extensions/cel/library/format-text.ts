/** `"%s is %d".format([a, b])` as cel-go formats it. */
import type { Budget } from '../budget.ts';
import { CelError, entriesOf, kindOf, textOf, type Value } from '../values.ts';

/** Longer outcomes are refused before they are made. */
const maxPrecision = 1000;

export function format(template: string, values: readonly Value[], budget: Budget): string {
  budget.spendTraversal(template.length);
  let next = 0;
  const text = template.replaceAll(
    /%%|%(?:\.(\d+))?([a-zA-Z])|%/g,
    (found, precision: string | undefined, verb: string) => {
      if (found === '%%') return '%';
      if (verb === undefined) throw new CelError('unexpected end of string');
      const value = values[next];
      if (value === undefined) throw new CelError(`index ${next} out of range`);
      next += 1;
      const made = one(verb, precision === undefined ? undefined : Number(precision), value);
      budget.spendTraversal(made.length);
      return made;
    },
  );
  return text;
}

function one(verb: string, precision: number | undefined, value: Value): string {
  const kind = kindOf(value);
  const digits = precision ?? 6;
  if (digits > maxPrecision) throw new CelError('precision is too large');
  const isNumber = kind === 'int' || kind === 'double';
  switch (verb) {
    case 's':
      return shown(value, false);
    case 'd':
      if (isNumber) return String(value);
      break;
    case 'f':
      if (isNumber) return Number(value).toFixed(Math.min(digits, 100));
      break;
    case 'e':
      if (isNumber)
        return Number(value)
          .toExponential(Math.min(digits, 100))
          .replace(/e([+-])(\d)$/, 'e$10$2');
      break;
    case 'b':
      if (kind === 'int') return (value as bigint).toString(2);
      if (kind === 'bool') return value === true ? '1' : '0';
      break;
    case 'o':
      if (kind === 'int') return (value as bigint).toString(8);
      break;
    case 'x':
    case 'X': {
      const text = hexOf(value);
      if (text !== undefined) return verb === 'X' ? text.toUpperCase() : text;
      break;
    }
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
  throw new CelError(`error during formatting: %${verb} cannot format a value of type ${kind}`);
}

function hexOf(value: Value): string | undefined {
  if (typeof value === 'bigint') return value.toString(16);
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined;
}

function shown(value: Value, quoted: boolean): string {
  switch (kindOf(value)) {
    case 'string':
      return quoted ? JSON.stringify(value) : (value as string);
    case 'list':
      return `[${(value as readonly Value[]).map((each) => shown(each, true)).join(', ')}]`;
    case 'map':
      return `{${entriesOf(value)
        .map(([key, each]) => `${shown(key, true)}:${shown(each, true)}`)
        .sort()
        .join(', ')}}`;
    default:
      return textOf(value);
  }
}
