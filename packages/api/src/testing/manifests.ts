/** A valid document of every kind that can be created, with most of its fields. For tests only. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '../json/yaml.ts';
import type { JsonObject } from '../object.ts';

const read = (file: string): JsonObject[] =>
  parseYaml(readFileSync(new URL(file, import.meta.url), 'utf8')).map(({ value }) => value as JsonObject);

export const manifests = (): JsonObject[] => [...read('../schema/manifests.yaml'), ...read('more-manifests.yaml')];
