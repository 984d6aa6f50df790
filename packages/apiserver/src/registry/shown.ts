/** The kinds that travel through subresources: their names and schemas, as decoding needs them. */
import { builtinSchema } from '@skiff/api/kinds';
import type { Decodable } from './decode.ts';
import type { Action, Projection } from './subresources/table.ts';

export function shownBy(subresource: Projection | Action): Decodable {
  const of = subresource.type === 'projection' ? subresource.shown : subresource.taken;
  return {
    ...of,
    schema() {
      const schema = builtinSchema(of);
      if (schema === undefined) throw new Error(`there is no schema of ${of.group}/${of.version} ${of.kind}`);
      return schema;
    },
  };
}
