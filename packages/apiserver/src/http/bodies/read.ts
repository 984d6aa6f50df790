/** One body read by the slow readers. Pure. */
import { badRequest } from '@skiff/api';
import { type Parsed, parseThoroughly, refuseTooManyValues } from '@skiff/api/json';
import { decodeProtobuf } from '@skiff/api/wire/server';
import { parseYaml } from '@skiff/api/yaml';
import type { Work } from './reader.ts';

/** A document; of YAML one, which is null when the text holds none. Throws ApiError BadRequest or RequestEntityTooLarge. */
export function readSlowly({ body, format, assumed }: Omit<Work, 'id'>): Parsed {
  if (typeof body !== 'string') return small({ value: decodeProtobuf(body, assumed), duplicates: [], fractions: [] });
  if (format === 'json') return parseThoroughly(body, { bounded: true });
  const [first, second] = parseYaml(body);
  if (second !== undefined) throw badRequest('the body of the request holds several documents');
  return small(first ?? { value: null, duplicates: [], fractions: [] });
}

/** What these forms hold is known only now. */
function small(parsed: Parsed): Parsed {
  refuseTooManyValues(JSON.stringify(parsed.value));
  return parsed;
}
