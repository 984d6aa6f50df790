/** For tests only: objects from YAML, decoded and defaulted as the server does it before it validates. */
import type { Definition } from '../definition.ts';
import type { FieldError } from '../errors.ts';
import { parseYaml } from '../json/yaml.ts';
import { findBuiltinKind } from '../kinds/builtin.ts';
import { applyDefaults } from '../kinds/defaults/apply.ts';
import { type JsonObject, parseApiVersion } from '../object.ts';
import { decode } from '../schema/decode.ts';
import { validate, validateUpdate } from './validate.ts';

export interface Prepared {
  readonly definition: Definition;
  readonly object: JsonObject;
}

/** A pod with one good container, whose spec, container and metadata are extended by YAML flow text. */
export const podText = (spec = '', container = '', metadata = ''): string => {
  const more = (text: string): string => (text === '' ? '' : `, ${text}`);
  const containers = `containers: [{name: c, image: "i:1"${more(container)}}]`;
  return `{apiVersion: v1, kind: Pod, metadata: {name: a${more(metadata)}}, spec: {${containers}${more(spec)}}}`;
};

/** Throws when the document does not decode. */
export function prepared(document: string | JsonObject): Prepared {
  const value = typeof document === 'string' ? (parseYaml(document)[0]?.value as JsonObject) : document;
  const { group = '', version = '' } = parseApiVersion(String(value.apiVersion)) ?? {};
  const definition = findBuiltinKind({ group, version, kind: String(value.kind) });
  if (definition === undefined) throw new Error(`unknown kind ${value.kind}`);
  const decoded = decode(definition.schema(), value);
  const faults = [...decoded.faults, ...decoded.unknown];
  if (faults.length > 0) throw new Error(faults.join());
  const object = applyDefaults(definition, decoded.value as JsonObject);
  const metadata = object.metadata as JsonObject;
  if (definition.namespaced) metadata.namespace ??= 'default';
  return { definition, object };
}

const lines = (faults: readonly FieldError[]): string[] => faults.map((fault) => `${fault.field}: ${fault.message}`);

/** The faults of a new object, one line each: `spec.replicas: Invalid value: -1: …`. */
export function faultsOf(document: string): string[] {
  const { definition, object } = prepared(document);
  return lines(validate(definition, object));
}

/** The faults of a change. */
export function faultsOfChange(next: string, previous: string, subresource = ''): string[] {
  const { definition, object } = prepared(next);
  return lines(validateUpdate(definition, object, prepared(previous).object, subresource));
}
