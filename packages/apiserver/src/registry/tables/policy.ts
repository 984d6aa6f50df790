/** Rows of budgets, autoscalers, bindings of roles, certificate requests and classes. */
import type { JsonObject } from '@skiff/api';
import { numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, boolean, integer, nameColumn, text, wideText } from './columns.ts';
import { humanDuration } from './duration.ts';

const orNotApplicable = (object: JsonObject, key: string): string =>
  String(own(objectAt(object, 'spec') ?? {}, key) ?? 'N/A');

export const podDisruptionBudgetColumns: readonly Column[] = [
  nameColumn,
  text('Min Available', 'The minimum number of pods that must be available.', (object) =>
    orNotApplicable(object, 'minAvailable'),
  ),
  text('Max Unavailable', 'The maximum number of pods that may be unavailable.', (object) =>
    orNotApplicable(object, 'maxUnavailable'),
  ),
  integer(
    'Allowed Disruptions',
    'Calculated number of pods that may be disrupted at this time.',
    (object) => numberAt(object, 'status', 'disruptionsAllowed') ?? 0,
  ),
  ageColumn,
];

const subjects =
  (kind: string) =>
  (object: JsonObject): string =>
    objectsAt(object, 'subjects')
      .filter((subject) => textAt(subject, 'kind') === kind)
      .map((subject) =>
        kind === 'ServiceAccount'
          ? `${textAt(subject, 'namespace')}/${textAt(subject, 'name')}`
          : textAt(subject, 'name'),
      )
      .join(', ');

export const roleBindingColumns: readonly Column[] = [
  nameColumn,
  text(
    'Role',
    'The role that is given.',
    (object) => `${textAt(object, 'roleRef', 'kind')}/${textAt(object, 'roleRef', 'name')}`,
  ),
  ageColumn,
  wideText('Users', 'Users in the binding', subjects('User')),
  wideText('Groups', 'Groups in the binding', subjects('Group')),
  wideText('ServiceAccounts', 'ServiceAccounts in the binding', subjects('ServiceAccount')),
];

/** Of kinds that Kubernetes has no printer for: the moment they were made, not their age. */
export const createdAtColumns: readonly Column[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the server created this object.',
    priority: 0,
    cell: (object) => textAt(object, 'metadata', 'creationTimestamp'),
  },
];

function requestStatus(object: JsonObject): string {
  const has = (type: string): boolean =>
    objectsAt(object, 'status', 'conditions').some((condition) => textAt(condition, 'type') === type);
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  const issued = textAt(object, 'status', 'certificate') === '' ? '' : ',Issued';
  return `${decision}${has('Failed') ? ',Failed' : ''}${issued}`;
}

export const certificateSigningRequestColumns: readonly Column[] = [
  nameColumn,
  ageColumn,
  text('SignerName', 'Who should sign.', (object) => textAt(object, 'spec', 'signerName') || '<none>'),
  text('Requestor', 'Who asks.', (object) => textAt(object, 'spec', 'username')),
  text('RequestedDuration', 'For how long.', (object) => {
    const seconds = numberAt(object, 'spec', 'expirationSeconds');
    return seconds === undefined ? '<none>' : humanDuration(seconds * 1_000);
  }),
  text('Condition', 'What was decided.', requestStatus),
];

export const priorityClassColumns: readonly Column[] = [
  nameColumn,
  integer('Value', 'Higher comes first.', (object) => numberAt(object, 'value') ?? 0),
  boolean('Global-Default', 'Pods that name no class get this one.', (object) => own(object, 'globalDefault') === true),
  ageColumn,
  text('PreemptionPolicy', 'Whether its pods displace others.', (object) => textAt(object, 'preemptionPolicy')),
];

export const runtimeClassColumns: readonly Column[] = [
  nameColumn,
  text('Handler', 'What runs the pods.', (object) => textAt(object, 'handler')),
  ageColumn,
];
