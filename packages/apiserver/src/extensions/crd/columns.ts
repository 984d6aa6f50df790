/** The columns of a custom kind's tables: additionalPrinterColumns, or the age alone. */
import { type Json, parseJsonPath } from '@skiff/api';
import type { Column } from '../../registry/contract.ts';
import { ageColumn, nameColumn, since } from '../../registry/tables/columns.ts';
import type { PrinterColumn, Version } from './types.ts';

const types: readonly Column['type'][] = ['string', 'integer', 'number', 'boolean', 'date'];

/** Columns whose path cannot be read stay empty, as in Kubernetes. */
export function columnsOf(version: Version): readonly Column[] {
  const { additionalPrinterColumns: columns = [] } = version;
  return columns.length === 0 ? [nameColumn, ageColumn] : [nameColumn, ...columns.map(columnOf)];
}

function columnOf(column: PrinterColumn): Column {
  const { name = '', format, priority = 0, jsonPath = '' } = column;
  const type = types.find((each) => each === column.type) ?? 'string';
  const find = finder(jsonPath);
  return {
    name,
    type,
    ...(format === undefined ? {} : { format }),
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell: (object, nowMs) => cellOf(type, find(object), nowMs),
  };
}

/** The first value behind a path; undefined when there is none. */
export function finder(path: string): (value: Json) => Json | undefined {
  let read: ((value: Json) => Json | undefined) | undefined;
  return (value) => {
    read ??= made(path);
    return read(value);
  };
}

function made(path: string): (value: Json) => Json | undefined {
  try {
    const parsed = parseJsonPath(path);
    return (value) => parsed.find(value)[0];
  } catch {
    return () => undefined;
  }
}

function cellOf(type: Column['type'], value: Json | undefined, nowMs: number): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateCell(value, nowMs) : null;
  }
}

function dateCell(time: string, nowMs: number): string {
  const shown = since(time, nowMs);
  return shown === '<unknown>' ? '<invalid>' : shown;
}
