/** Makers of columns, and the cells that many kinds share. */
import { type JsonObject, parseTime } from '@skiff/api';
import { objectAt, objectsAt, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { selectorText } from '../selectors.ts';
import { humanDuration } from './duration.ts';

type Cell = Column['cell'];
type Shown = Pick<Column, 'priority'>;

const wide: Shown = { priority: 1 };
const always: Shown = { priority: 0 };

const column =
  (type: Column['type'], shown: Shown) =>
  (name: string, description: string, cell: Cell): Column => ({ name, type, description, ...shown, cell });

export const text = column('string', always);
export const integer = column('integer', always);
export const boolean = column('boolean', always);
/** Shown with `-o wide` only. */
export const wideText = column('string', wide);

/** Time since an RFC 3339 text. */
export function since(time: string, nowMs: number): string {
  const ms = parseTime(time);
  return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms);
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  priority: 0,
  cell: (object) => textAt(object, 'metadata', 'name'),
};

export const ageColumn: Column = text('Age', 'How long ago the server created this object.', (object, nowMs) =>
  since(textAt(object, 'metadata', 'creationTimestamp'), nowMs),
);

/** `a=1,b=2`, sorted; `<none>` without labels. */
export function labelsText(labels: JsonObject | undefined): string {
  const entries = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? '<none>' : entries.sort().join(',');
}

/** A label selector as kubectl shows it: `app=web,tier in (a,b)`; `<none>` when it is absent or empty. */
export function shownSelector(selector: JsonObject | undefined): string {
  return selectorText(selector) || '<none>';
}

/** The wide columns of kinds with a pod template: its containers, their images and, unless left out, the selector. */
export function templateColumns(
  templateOf: (object: JsonObject) => JsonObject | undefined,
  selector?: (object: JsonObject) => string,
): readonly Column[] {
  const joined = (object: JsonObject, field: string): string =>
    objectsAt(templateOf(object), 'spec', 'containers')
      .map((container) => textAt(container, field))
      .join(',');
  const columns = [
    wideText('Containers', 'Names of each container in the template.', (object) => joined(object, 'name')),
    wideText('Images', 'Images referenced by each container in the template.', (object) => joined(object, 'image')),
  ];
  if (selector === undefined) return columns;
  return [...columns, wideText('Selector', 'Labels that select the pods.', (object) => selector(object))];
}

export const specTemplate = (object: JsonObject): JsonObject | undefined => objectAt(object, 'spec', 'template');
export const specSelector = (object: JsonObject): string => shownSelector(objectAt(object, 'spec', 'selector'));
