/** Label selectors: their text form (`a=b,c in (d,e),!f`), their object form, and what they match. */
import { badRequest } from '../errors.ts';
import type { LabelSelector } from '../kinds/types.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';

export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** All requirements must hold. `nothing` matches no object, whatever its labels. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  readonly nothing?: true;
}

export type Labels = Readonly<Record<string, string>>;

export const everything: Selector = { requirements: [] };
export const nothing: Selector = { requirements: [], nothing: true };

/** True when the labels satisfy every requirement. */
export function matchesLabels(selector: Selector, labels: Labels | undefined): boolean {
  if (selector.nothing === true) return false;
  for (const requirement of selector.requirements) {
    if (!satisfies(requirement, labels)) return false;
  }
  return true;
}

function satisfies(requirement: Requirement, labels: Labels | undefined): boolean {
  const { key, operator, values } = requirement;
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && compareIntegers(value, values[0], operator);
  }
}

function compareIntegers(value: string, bound: string | undefined, operator: 'gt' | 'lt'): boolean {
  const left = parseInt64(value);
  const right = bound === undefined ? undefined : parseInt64(bound);
  if (left === undefined || right === undefined) return false;
  return operator === 'gt' ? left > right : left < right;
}

/** Go's ParseInt(text, 10, 64). */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** The object form as a selector: absent matches nothing, empty matches everything. An unknown operator matches nothing. */
export function toSelector(selector: LabelSelector | undefined): Selector {
  if (selector === undefined) return nothing;
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: '=', values: [value] });
  }
  for (const expression of selector.matchExpressions ?? []) {
    const operator = Object.hasOwn(operators, expression.operator) ? operators[expression.operator] : undefined;
    if (operator === undefined) return nothing;
    requirements.push({ key: expression.key, operator, values: expression.values ?? [] });
  }
  return { requirements: sortedByKey(requirements) };
}

/** Requires each label to have exactly its value; no labels match everything. */
export function selectorOfLabels(labels: Labels | undefined): Selector {
  return toSelector({ matchLabels: { ...labels } });
}

const sortedByKey = (requirements: readonly Requirement[]): Requirement[] =>
  [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** The text form, which `parseSelector` reads back. */
export function formatSelector(selector: Selector): string {
  return selector.requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const sorted = [...values].sort().join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${sorted})`;
    case 'gt':
      return `${key}>${sorted}`;
    case 'lt':
      return `${key}<${sorted}`;
    default:
      return `${key}${operator}${sorted}`;
  }
}

interface Token {
  readonly kind: 'word' | 'symbol' | 'end';
  readonly text: string;
}

const maxSelectorLength = 64 * 1024;
const tokenPattern = /[ \t\r\n]*(?:(==|!=|=>|=<|[=!(),<>])|([^ \t\r\n=!(),<>]+))/y;

function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text)) {
    tokens.push(match[1] === undefined ? { kind: 'word', text: match[2] ?? '' } : { kind: 'symbol', text: match[1] });
  }
  return tokens;
}

/**
 * Reads the text form. An empty text matches everything. Throws BadRequest, worded as apimachinery words it, for a text
 * that cannot be read and for keys and values that no label can have.
 */
export function parseSelector(text: string): Selector {
  if (text.length > maxSelectorLength) throw badRequest(`unable to parse requirement: selector is too long`);
  return { requirements: sortedByKey(new SelectorParser(tokenise(text)).parse()) };
}

const end: Token = { kind: 'end', text: '' };
const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const wordOperators = ['in', 'notin'];

class SelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#peek().kind === 'end') return requirements;
    for (;;) {
      const first = this.#peek();
      if (first.kind !== 'word' && first.text !== '!') {
        throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.text !== ',') throw badRequest(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'word' && after.text !== '!') {
        throw badRequest(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? end;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #requirement(): Requirement {
    const isNegated = this.#peek().text === '!' && this.#peek().kind === 'symbol';
    if (isNegated) this.#take();
    const key = this.#take();
    if (key.kind !== 'word') throw badRequest(`unable to parse requirement: found '${key.text}', expected: identifier`);
    const next = this.#peek();
    const isBare = next.kind === 'end' || next.text === ',';
    if (isNegated || isBare) return checked(key.text, isNegated ? '!' : 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#list() : [this.#value()];
    return checked(key.text, operator, values);
  }

  #operator(): SelectorOperator {
    const token = this.#take();
    if (token.kind === 'symbol' && (token.text === '=' || token.text === '==' || token.text === '!='))
      return token.text;
    if (token.kind === 'symbol' && token.text === '>') return 'gt';
    if (token.kind === 'symbol' && token.text === '<') return 'lt';
    if (token.kind === 'word' && wordOperators.includes(token.text)) return token.text === 'in' ? 'in' : 'notin';
    throw badRequest(`unable to parse requirement: found '${token.text}', expected: ${binaryOperators.join(', ')}`);
  }

  /** One value after an equality operator; nothing at all is the empty value. */
  #value(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.text === ',') return '';
    if (token.kind !== 'word') {
      throw badRequest(`unable to parse requirement: found '${token.text}', expected: identifier`);
    }
    return this.#take().text;
  }

  #list(): string[] {
    const open = this.#take();
    if (open.text !== '(') throw badRequest(`unable to parse requirement: found '${open.text}' expected: '('`);
    const values: string[] = [];
    let isValueDue = true;
    for (;;) {
      const token = this.#take();
      if (token.kind === 'word' && isValueDue) {
        values.push(token.text);
        isValueDue = false;
      } else if (token.kind === 'symbol' && (token.text === ',' || token.text === ')')) {
        if (isValueDue) values.push('');
        if (token.text === ')') return [...new Set(values)];
        isValueDue = true;
      } else {
        const first = values.length === 0 ? "',', ')' or identifier" : "',', or identifier";
        const wanted = isValueDue ? first : "',' or ')'";
        throw badRequest(`unable to parse requirement: found '${token.text}', expected: ${wanted}`);
      }
    }
  }
}

/** A requirement whose key and values a label can have. */
function checked(key: string, operator: SelectorOperator, values: readonly string[]): Requirement {
  const keyFault = checkQualifiedName(key)[0];
  if (keyFault !== undefined) {
    throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${keyFault}`);
  }
  for (const [index, value] of values.entries()) {
    const isNumber = operator !== 'gt' && operator !== 'lt' ? true : parseInt64(value) !== undefined;
    const fault = isNumber ? checkLabelValue(value)[0] : "for 'Gt', 'Lt' operators, the value must be an integer";
    if (fault !== undefined) {
      throw badRequest(
        `unable to parse requirement: values[${index}]${isNumber ? `[${key}]` : ''}: Invalid value: ${JSON.stringify(value)}: ${fault}`,
      );
    }
  }
  return { key, operator, values };
}
