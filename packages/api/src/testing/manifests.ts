/** A valid document of every kind that can be created, with most of its fields. For tests only. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '../json/yaml.ts';
import type { JsonObject } from '../object.ts';

const read = (file: string): JsonObject[] =>
  parseYaml(readFileSync(new URL(file, import.meta.url), 'utf8')).map(({ value }) => value as JsonObject);

/** Manifests as people write them: few fields, and the odd ones. */
export const usualManifests = (): JsonObject[] => read('usual-manifests.yaml');

/** Documents as they are written, before the server allocates or fills in anything. */
export const writtenManifests = (): JsonObject[] => read('../schema/manifests.yaml');

export const manifests = (): JsonObject[] => [...writtenManifests(), ...read('more-manifests.yaml')];
