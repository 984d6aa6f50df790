/** What kinds there are: the built-in ones are known beforehand, the others are asked for when one of them is meant. */
import { builtinDefinitions } from '@skiff/api/kinds';
import type { ServedKind, SkiffClient } from '@skiff/client';
import { findKind, type KindOfDocument, kindOfDocument, kindsOfCategory, unknownType } from './kinds.ts';

export interface Catalogue {
  /** `pods`, `svc,gears.example.com`, `all`. Throws Error in kubectl's words for what is no kind. */
  named(types: string): Promise<readonly ServedKind[]>;
  /** Undefined when the server does not serve the kind. */
  ofDocument(document: KindOfDocument): Promise<ServedKind | undefined>;
  /** What the server served before is asked for anew. */
  refresh(): void;
}

export function createCatalogue({ discover }: Pick<SkiffClient, 'discover'>): Catalogue {
  let asked: Promise<readonly ServedKind[]> | undefined;
  const served = (): Promise<readonly ServedKind[]> => {
    asked ??= discover();
    return asked;
  };

  const namedOne = async (typed: string): Promise<readonly ServedKind[]> => {
    const builtin = findKind(builtinDefinitions(), typed);
    if (builtin !== undefined) return [builtin];
    const kinds = await served();
    const found = findKind(kinds, typed);
    if (found !== undefined) return [found];
    const category = kindsOfCategory(kinds, typed);
    if (category.length === 0) throw unknownType(typed);
    return category;
  };

  return {
    named: async (types) => (await Promise.all(types.split(',').map(namedOne))).flat(),
    ofDocument: async (document) =>
      kindOfDocument(builtinDefinitions(), document) ?? kindOfDocument(await served(), document),
    refresh() {
      asked = undefined;
    },
  };
}
