/** Parameters of operations, as far as clients look for them (kubectl: `dryRun` and `fieldValidation`). */
import type { Dialect, Node } from './openapi-schema.ts';

interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

const text = (name: string, description: string): Parameter => ({ name, type: 'string', description });
const flag = (name: string, description: string): Parameter => ({ name, type: 'boolean', description });
const count = (name: string, description: string): Parameter => ({ name, type: 'integer', description });

const pretty = text('pretty', 'If true, the output may be printed for human eyes.');
const dryRun = text('dryRun', 'All: every stage runs, nothing is stored.');
const fieldManager = text('fieldManager', 'The name of who is making these changes, up to 128 printable characters.');
const fieldValidation = text('fieldValidation', 'What to do with unknown or duplicate fields: Ignore, Warn or Strict.');

const selectors: readonly Parameter[] = [
  text('labelSelector', 'Restricts the objects by their labels.'),
  text('fieldSelector', 'Restricts the objects by their fields.'),
  count('limit', 'The largest number of objects in one answer.'),
  text('continue', 'Where to go on, from the metadata of the previous answer.'),
  text('resourceVersion', 'How new the answer must be.'),
  text('resourceVersionMatch', 'How resourceVersion is to be understood.'),
  count('timeoutSeconds', 'How long the call may last.'),
  flag('sendInitialEvents', 'Start a watch with what exists.'),
];

const watching: readonly Parameter[] = [
  flag('watch', 'Go on with changes as events.'),
  flag('allowWatchBookmarks', 'Send bookmarks in a watch.'),
];

const deletion: readonly Parameter[] = [
  dryRun,
  count('gracePeriodSeconds', 'How long the object may take to end. Zero: at once.'),
  text('propagationPolicy', 'What becomes of what the object owns: Orphan, Background or Foreground.'),
  flag('orphanDependents', 'The older form of propagationPolicy.'),
];

const writing = [dryRun, fieldManager, fieldValidation];

const ofActions: Readonly<Record<string, readonly Parameter[]>> = {
  list: [...selectors, ...watching],
  post: writing,
  put: writing,
  patch: [...writing, flag('force', 'Apply only: take fields over from others.')],
  delete: deletion,
  deletecollection: [...selectors, ...deletion],
  watch: [...selectors, ...watching],
  watchlist: [...selectors, ...watching],
};

const streams = [
  text('container', 'The container, when the pod has several.'),
  flag('stdin', 'Pass standard input on.'),
  flag('stdout', 'Pass standard output on.'),
  flag('stderr', 'Pass standard error on.'),
  flag('tty', 'Run in a terminal.'),
];

/** Options of the subresources that take them from the query. */
const ofSubresources: Readonly<Record<string, readonly Parameter[]>> = {
  attach: streams,
  exec: [text('command', 'The command and its arguments, one a parameter.'), ...streams],
  log: [
    text('container', 'The container, when the pod has several.'),
    flag('follow', 'Go on with what is logged later.'),
    flag('previous', 'The log of the container that ran before.'),
    flag('timestamps', 'Begin every line with its time.'),
    count('limitBytes', 'The largest size of the answer, in bytes.'),
    count('sinceSeconds', 'How far back the log is read, in seconds.'),
    count('tailLines', 'How many lines are read, from the end.'),
    pretty,
  ],
  portforward: [count('ports', 'The ports, when WebSocket carries them.')],
  proxy: [text('path', 'The path of the proxied request.')],
};

/** What an operation takes from the query: `subresource` is its name, or empty. */
export function queryParameters(action: string, subresource: string): readonly Parameter[] {
  return ofSubresources[subresource] ?? [...(ofActions[action] ?? []), pretty];
}

export const parameterNode = (dialect: Dialect, parameter: Parameter): Node => ({
  name: parameter.name,
  in: 'query',
  description: parameter.description,
  ...(dialect.version === 3
    ? { schema: { type: parameter.type, uniqueItems: true } }
    : { type: parameter.type, uniqueItems: true }),
});

export const pathParameter = (dialect: Dialect, name: string, description: string): Node => ({
  name,
  in: 'path',
  required: true,
  description,
  ...(dialect.version === 3
    ? { schema: { type: 'string', uniqueItems: true } }
    : { type: 'string', uniqueItems: true }),
});
