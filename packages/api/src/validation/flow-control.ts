/** Flow schemas and priority levels (pkg/apis/flowcontrol/validation). */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Subdomain } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../kinds/types.ts';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from './flow-control-mandatory.ts';
import { addFlowRules } from './flow-control-rules.ts';
import { addEach, type Faults, type Loose } from './support.ts';

/** Hashes that choose queues have so many bits. */
const maxHashBits = 60;
const maxQueues = 10_000_000;
const maxPrecedence = 10_000;

export function addFlowSchema(faults: Faults, schema: Loose<FlowSchema>): void {
  const { spec = {}, metadata = {} } = schema;
  const precedence = spec.matchingPrecedence ?? 0;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) faults.push(field.invalid(at, precedence, 'must be a positive value'));
  if (precedence > maxPrecedence)
    faults.push(field.invalid(at, precedence, `must not be greater than ${maxPrecedence}`));
  if (precedence === 1 && metadata.name !== 'exempt')
    faults.push(field.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = spec.distinguisherMethod?.type;
  if (spec.distinguisherMethod !== undefined && method !== 'ByNamespace' && method !== 'ByUser')
    faults.push(field.notSupported('spec.distinguisherMethod.type', method ?? '', ['ByNamespace', 'ByUser']));
  const level = spec.priorityLevelConfiguration?.name ?? '';
  if (level === '')
    faults.push(field.required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else addEach(faults, 'spec.priorityLevelConfiguration.name', level, checkDns1123Subdomain(level));
  addFlowRules(faults, spec.rules);
  const fixed = mandatoryFlowSchemas[metadata.name ?? ''];
  if (fixed !== undefined && !deepEqual(schema.spec, fixed))
    faults.push(field.invalid('spec', schema.spec ?? null, `spec of '${metadata.name}' must equal the fixed value`));
  addConditions(faults, schema.status?.conditions);
}

/** Types of conditions are there, and each once. */
function addConditions(faults: Faults, conditions: readonly { readonly type?: string }[] | undefined): void {
  const seen = new Set<string>();
  for (const [index, { type = '' }] of (conditions ?? []).entries()) {
    const at = `status.conditions[${index}].type`;
    if (seen.has(type)) faults.push(field.duplicate(at, type));
    seen.add(type);
    if (type === '') faults.push(field.required(at, 'must not be empty'));
  }
}

export function addFlowSchemaStatusUpdate(
  faults: Faults,
  next: Loose<FlowSchema> | Loose<PriorityLevelConfiguration>,
): void {
  addConditions(faults, next.status?.conditions);
}

type Spec = NonNullable<Loose<PriorityLevelConfiguration>['spec']>;
type Limited = NonNullable<Spec['limited']>;

export function addPriorityLevel(faults: Faults, level: Loose<PriorityLevelConfiguration>): void {
  const spec: Spec = level.spec ?? {};
  const name = level.metadata?.name ?? '';
  const type = spec.type ?? '';
  if ((name === 'exempt') !== (type === 'Exempt'))
    faults.push(field.invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'"));
  if (type === 'Exempt') {
    if (spec.limited !== undefined)
      faults.push(field.forbidden('spec.limited', 'must be nil if the type is not Limited'));
    if (spec.exempt === undefined) faults.push(field.required('spec.exempt', 'must not be empty if type is Exempt'));
    else addExempt(faults, spec.exempt);
  } else if (type === 'Limited') {
    if (spec.exempt !== undefined) faults.push(field.forbidden('spec.exempt', 'must be nil if the type is Limited'));
    if (spec.limited === undefined)
      faults.push(field.required('spec.limited', 'must not be empty when type is Limited'));
    else addLimited(faults, spec.limited);
  } else faults.push(field.notSupported('spec.type', type, ['Exempt', 'Limited']));
  addFixed(faults, name, spec);
  addConditions(faults, level.status?.conditions);
}

/** Of the mandatory levels only the numbers of `exempt` are the user's to change. */
function addFixed(faults: Faults, name: string, spec: Spec): void {
  const fixed = mandatoryPriorityLevels[name];
  if (fixed === undefined) return;
  if (name === 'exempt') {
    if (!deepEqual({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined }))
      faults.push(
        field.invalid('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`),
      );
  } else if (!deepEqual(spec, fixed))
    faults.push(field.invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
}

function addExempt(faults: Faults, exempt: NonNullable<Spec['exempt']>): void {
  addShares(faults, 'spec.exempt.nominalConcurrencyShares', exempt.nominalConcurrencyShares);
  addLendable(faults, 'spec.exempt.lendablePercent', exempt.lendablePercent);
}

function addShares(faults: Faults, at: string, shares: number | undefined): void {
  if (shares !== undefined && shares < 0) faults.push(field.invalid(at, shares, 'must be a non-negative integer'));
}

function addLendable(faults: Faults, at: string, percent: number | undefined): void {
  if (percent !== undefined && (percent < 0 || percent > 100))
    faults.push(field.invalid(at, percent, 'must be between 0 and 100, inclusive'));
}

function addLimited(faults: Faults, limited: Limited): void {
  addShares(faults, 'spec.limited.nominalConcurrencyShares', limited.nominalConcurrencyShares);
  addLimitResponse(faults, limited);
  addLendable(faults, 'spec.limited.lendablePercent', limited.lendablePercent);
  const borrowing = limited.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0)
    faults.push(
      field.invalid('spec.limited.borrowingLimitPercent', borrowing, 'if specified, must be a non-negative integer'),
    );
}

function addLimitResponse(faults: Faults, limited: Limited): void {
  const { type = '', queuing } = limited.limitResponse ?? {};
  const at = 'spec.limited.limitResponse';
  if (type === 'Reject') {
    if (queuing !== undefined)
      faults.push(field.forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited'));
  } else if (type === 'Queue') {
    if (queuing === undefined)
      faults.push(field.required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited'));
    else addQueuing(faults, queuing, `${at}.queuing`);
  } else faults.push(field.notSupported(`${at}.type`, type, ['Queue', 'Reject']));
}

type Queuing = NonNullable<NonNullable<Limited['limitResponse']>['queuing']>;

function addQueuing(faults: Faults, queuing: Queuing, at: string): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  if (queueLengthLimit <= 0) faults.push(field.invalid(`${at}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) faults.push(field.invalid(`${at}.queues`, queues, 'must be positive'));
  else if (queues > maxQueues)
    faults.push(field.invalid(`${at}.queues`, queues, `must not be greater than ${maxQueues}`));
  if (handSize <= 0) faults.push(field.invalid(`${at}.handSize`, handSize, 'must be positive'));
  else if (handSize > queues)
    faults.push(field.invalid(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`));
  else if (Math.ceil(Math.log2(queues) * handSize) > maxHashBits) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${maxHashBits}`;
    faults.push(field.invalid(`${at}.handSize`, handSize, why));
  }
}
