/** Kinds that arrive at run time. They take the same way as built-in ones; this is what makes an entry of the table of one. */
import type { Definition, FieldError, JsonObject } from '@skiff/api';
import { applySchemaDefaults, validateObjectMeta, validateObjectMetaUpdate } from '@skiff/api/validation';
import { own, put, same } from '../patch/values.ts';
import type { Column, Strategy } from './contract.ts';
import type { Kind, ScalePaths, StoredAs } from './definition-table.ts';
import { keepAllButStatus, keepAllMetaButManagers } from './keep.ts';
import { metaOf, putOrDelete } from './meta.ts';
import { defaultColumns } from './tables/index.ts';
import { type Converter, renamingConverter } from './versions.ts';

export interface CustomKindOptions {
  readonly definition: Definition;
  /** The version that objects are stored at. */
  readonly stored: StoredAs;
  /** Absent: name and age. */
  readonly columns?: readonly Column[];
  /** Values of the selectable fields of an object. */
  readonly selectableFields?: Strategy['selectableFields'];
  /** Those that other versions select by as well; absent: no others. */
  readonly storedFields?: Kind['storedFields'];
  readonly scale?: ScalePaths;
  /** Absent: versions differ in name only. */
  readonly converter?: Converter;
  /** Faults beyond the metadata's: the schema's value rules, CEL. */
  readonly check?: NonNullable<Kind['check']>;
  /** How the kind's documents are read, brought up to the present schema, and converted. */
  readonly documents?: Pick<Kind, 'decode' | 'complete' | 'settle' | 'convert'>;
  readonly deprecation?: string;
  readonly terminating?: boolean;
}

/** The table's entry for a custom kind. */
export function customKind(options: CustomKindOptions): Kind {
  const { definition, stored, scale } = options;
  return {
    definition,
    stored,
    custom: true,
    strategy: strategyFor(options),
    columns: options.columns ?? defaultColumns,
    converter: options.converter ?? renamingConverter(definition, stored),
    complete: (object) => void applySchemaDefaults(definition.schema(), object),
    check: async (object, old, subresource) => [
      ...checkMeta(definition, object, old),
      ...((await options.check?.(object, old, subresource)) ?? []),
    ],
    ...options.documents,
    ...(scale === undefined ? {} : { scale }),
    ...(options.storedFields === undefined ? {} : { storedFields: options.storedFields }),
    ...(options.deprecation === undefined ? {} : { deprecation: options.deprecation }),
    ...(options.terminating === true ? { terminating: true } : {}),
  };
}

function checkMeta(definition: Definition, object: JsonObject, old: JsonObject | undefined): readonly FieldError[] {
  if (old !== undefined) return validateObjectMetaUpdate(metaOf(object), metaOf(old));
  return validateObjectMeta(metaOf(object), { namespaced: definition.namespaced, name: 'subdomain' });
}

/** Custom objects count every change outside metadata, and outside status when that has a way of its own. */
function strategyFor({ definition, selectableFields }: CustomKindOptions): Strategy {
  const hasStatus = definition.subresources.some((each) => each.name === 'status');
  const counted = (object: JsonObject): JsonObject => {
    const { metadata: _, status, ...rest } = object;
    return hasStatus || status === undefined ? rest : { ...rest, status };
  };
  return {
    requiresResourceVersion: true,
    ...(selectableFields === undefined ? {} : { selectableFields }),
    prepareForCreate(object) {
      if (hasStatus) {
        delete object.status;
        // A default of the status is what every reader of a new object sees.
        applySchemaDefaults(definition.schema(), object);
      }
      put(metaOf(object), 'generation', 1);
    },
    prepareForUpdate(object, old) {
      if (hasStatus) putOrDelete(object, 'status', own(old, 'status'));
      const before = own(metaOf(old), 'generation');
      const generation = typeof before === 'number' ? before : 0;
      put(metaOf(object), 'generation', same(counted(object), counted(old)) ? generation : generation + 1);
    },
    prepareForStatusUpdate(object, old) {
      keepAllButStatus(object, old);
      keepAllMetaButManagers(object, old);
    },
  };
}
