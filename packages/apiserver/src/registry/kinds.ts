/** Definitions with everything that the registry knows about their kinds. */
import type { Definition } from '@skiff/api';
import { applyDefaults, validate, validateUpdate } from '@skiff/api/validation';
import type { Kind, StoredAs } from './definition-table.ts';
import { strategyOf } from './strategies/index.ts';
import { columnsOf } from './tables/index.ts';
import { autoscalerConverter } from './versions/autoscalers.ts';
import { eventConverter, eventFieldAliases } from './versions/events.ts';

/** Where documents of a definition are kept; its own name for kinds that are never stored. */
export function storedAs(definition: Definition): StoredAs {
  const { group, version, resource, kind } = definition;
  return definition.storage ?? { group, version, resource, kind };
}

/** A built-in kind. */
export function builtinKind(definition: Definition): Kind {
  const stored = storedAs(definition);
  const common: Kind = {
    definition,
    stored,
    strategy: strategyOf(stored),
    columns: columnsOf(stored),
    complete: (object) => applyDefaults(definition, object),
    check: (object, old, subresource) =>
      old === undefined ? validate(definition, object) : validateUpdate(definition, object, old, subresource),
  };
  if (stored.group === definition.group && stored.version === definition.version) return common;
  if (stored.resource === 'events') return { ...common, converter: eventConverter, fieldAliases: eventFieldAliases };
  if (stored.resource === 'horizontalpodautoscalers') return { ...common, converter: autoscalerConverter };
  throw new Error(`${definition.group}/${definition.version} ${definition.resource} has no converter`);
}
