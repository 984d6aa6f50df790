/** Rows of kinds that extend or protect the server. */
import type { JsonObject } from '@skiff/api';
import { listAt, numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { selectorText } from '../selectors.ts';
import { ageColumn, integer, nameColumn, text } from './columns.ts';

export const webhookColumns: readonly Column[] = [
  nameColumn,
  integer(
    'Webhooks',
    'Webhooks indicates the number of webhooks registered in this configuration',
    (object) => listAt(object, 'webhooks').length,
  ),
  ageColumn,
];

export const admissionPolicyColumns: readonly Column[] = [
  nameColumn,
  integer(
    'Validations',
    'Validations indicates the number of validation rules defined in this configuration',
    (object) => listAt(object, 'spec', 'validations').length,
  ),
  text('ParamKind', 'ParamKind specifies the kind of resources used to parameterize this policy', (object) => {
    const kind = objectAt(object, 'spec', 'paramKind');
    return kind === undefined ? '<unset>' : `${textAt(kind, 'apiVersion')}/${textAt(kind, 'kind')}`;
  }),
  ageColumn,
];

export const admissionPolicyBindingColumns: readonly Column[] = [
  nameColumn,
  text('PolicyName', 'The policy that is bound.', (object) => textAt(object, 'spec', 'policyName')),
  text('ParamRef', 'The object with the parameters.', (object) => {
    const reference = objectAt(object, 'spec', 'paramRef');
    if (reference === undefined) return '<unset>';
    const name = textAt(reference, 'name');
    if (name !== '') return `${textAt(reference, 'namespace') || '*'}/${name}`;
    return selectorText(objectAt(reference, 'selector')) || '<unset>';
  }),
  ageColumn,
];

export const customResourceDefinitionColumns: readonly Column[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the server created this object.',
    priority: 0,
    cell: (object) => textAt(object, 'metadata', 'creationTimestamp'),
  },
];

function availability(object: JsonObject): string {
  const available = objectsAt(object, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Available');
  if (available === undefined) return 'Unknown';
  const status = textAt(available, 'status');
  return status === 'True' ? 'True' : `${status} (${textAt(available, 'reason')})`;
}

export const apiServiceColumns: readonly Column[] = [
  nameColumn,
  text('Service', 'The service that answers for the group.', (object) => {
    const service = objectAt(object, 'spec', 'service');
    return service === undefined ? 'Local' : `${textAt(service, 'namespace')}/${textAt(service, 'name')}`;
  }),
  text('Available', 'Whether the service answers.', availability),
  ageColumn,
];

export const flowSchemaColumns: readonly Column[] = [
  nameColumn,
  text('PriorityLevel', 'Where its requests go.', (object) =>
    textAt(object, 'spec', 'priorityLevelConfiguration', 'name'),
  ),
  text('MatchingPrecedence', 'Lower is asked first.', (object) => numberAt(object, 'spec', 'matchingPrecedence') ?? 0),
  text(
    'DistinguisherMethod',
    'How flows are told apart.',
    (object) => textAt(object, 'spec', 'distinguisherMethod', 'type') || '<none>',
  ),
  ageColumn,
  text('MissingPL', 'references a broken or non-existent PriorityLevelConfiguration', (object) => {
    const dangling = objectsAt(object, 'status', 'conditions').find((each) => textAt(each, 'type') === 'Dangling');
    return dangling === undefined ? '?' : textAt(dangling, 'status');
  }),
];

const queuing =
  (key: string) =>
  (object: JsonObject): string | number =>
    numberAt(object, 'spec', 'limited', 'limitResponse', 'queuing', key) ?? '<none>';

export const priorityLevelColumns: readonly Column[] = [
  nameColumn,
  text('Type', 'Limited or exempt.', (object) => textAt(object, 'spec', 'type')),
  text('NominalConcurrencyShares', 'Its share of the seats.', (object) => {
    const shares = own(objectAt(object, 'spec', 'limited') ?? {}, 'nominalConcurrencyShares');
    return typeof shares === 'number' ? shares : '<none>';
  }),
  text('Queues', 'Queues of the level.', queuing('queues')),
  text('HandSize', 'Queues a flow may choose from.', queuing('handSize')),
  text('QueueLengthLimit', 'Requests a queue may hold.', queuing('queueLengthLimit')),
  ageColumn,
];
