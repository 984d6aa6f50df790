/** JSON for people: who gets it, and how it is made without making a long list whole. */
import { parseJson } from '@skiff/api/json';
import { listTexts } from './encode.ts';
import { type Exchange, header } from './exchange.ts';

/** Programs whose readers are people (apiserver's negotiation). */
const peoplesAgents = /^(?:curl|Wget|Mozilla\/5\.0)/;
const goTrue = /^(?:1|t|T|TRUE|true|True)$/;

/** `?pretty=` says it; without, it is for browsers and the like. */
export function wantsPretty(exchange: Pick<Exchange, 'query' | 'headers'>): boolean {
  const asked = exchange.query.get('pretty');
  if (asked !== null && asked !== '') return goTrue.test(asked);
  return peoplesAgents.test(header(exchange, 'user-agent') ?? '');
}

/** The same document, indented by two spaces. */
export const prettyText = (text: string): string => `${JSON.stringify(parseJson(text).value, null, 2)}\n`;

/** A list document with its items indented one by one. */
export function* prettyList(list: Parameters<typeof listTexts>[0], items: Iterable<string>): Generator<string> {
  const [head = '', tail = ''] = prettyText([...listTexts(list, [])].join('')).split(/(?<="items": \[)(?=\]\n\}\n$)/);
  yield head;
  let first = true;
  for (const item of items) {
    yield `${first ? '' : ','}\n${prettyText(item).trimEnd().replace(/^/gm, '    ')}`;
    first = false;
  }
  yield first ? tail : `\n  ${tail}`;
}
