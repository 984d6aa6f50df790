/** What an apply that would take fields from others is told. */
import type { StatusCause } from '@skiff/api';
import { type FieldSet, isEmpty, pathsOf, pathText } from './field-set.ts';
import type { Manager } from './managers.ts';

export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}

/** Fields that other managers own and this apply would change. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super(messageOf(conflicts));
    this.name = 'ApplyConflict';
    this.conflicts = conflicts;
  }

  /** One cause for each field. */
  causes(): StatusCause[] {
    return linesOf(this.conflicts).map(({ who, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${who}`,
      field: path,
    }));
  }
}

interface Line {
  readonly who: string;
  readonly path: string;
}

function linesOf(conflicts: readonly Conflict[]): readonly Line[] {
  return conflicts
    .filter(({ fields }) => !isEmpty(fields))
    .flatMap(({ manager, fields }) =>
      [...pathsOf(fields)].map((path) => ({ who: describe(manager), path: pathText(path) })),
    );
}

/** Kubernetes' words (managedfields/internal/conflict.go): one line for one field, else a list by manager. */
function messageOf(conflicts: readonly Conflict[]): string {
  const lines = linesOf(conflicts);
  const [first] = lines;
  if (first !== undefined && lines.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.path}`;
  }
  const texts = [...new Set(lines.map((line) => line.who))]
    .sort()
    .flatMap((who) => [
      `conflicts with ${who}:`,
      ...lines.filter((line) => line.who === who).map((line) => `- ${line.path}`),
    ]);
  return `Apply failed with ${lines.length} conflicts: ${texts.join('\n')}`;
}

function describe(manager: Manager): string {
  const subresource = manager.subresource === '' ? '' : ` with subresource ${JSON.stringify(manager.subresource)}`;
  const name = `${JSON.stringify(manager.name)}${subresource}`;
  return manager.operation === 'Update' ? `${name} using ${manager.apiVersion}` : name;
}
