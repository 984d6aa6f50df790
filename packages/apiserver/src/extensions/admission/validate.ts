/** What webhook configurations, policies and bindings must be, beyond what their schemas say: their expressions above all. */
import {
  checkDns1035Label,
  checkDns1123Subdomain,
  checkPathSegment,
  checkQualifiedName,
  type FieldError,
  field,
  type JsonObject,
  type LabelSelector,
} from '@skiff/api';
import { addLabelSelector, addOperationRule, type OperationRule } from '@skiff/api/validation';
import { listAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import { nameOf } from '../../registry/meta.ts';
import { webhookEnvironment } from './environment.ts';
import { compiledFaults, conditionFaults, expressionFaults } from './expression-faults.ts';
import { type PolicyNames, type PolicySpec, policyNames } from './policy.ts';

/** Faults of the match conditions of all webhooks. */
export function webhookFaults(object: JsonObject): FieldError[] {
  return objectsAt(object, 'webhooks').flatMap((webhook, index) =>
    conditionFaults(webhook, `webhooks[${index}].matchConditions`, webhookEnvironment),
  );
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const maxAnnotations = 20;
const maxAnnotationExpressionBytes = 5 * 1024;

/** Faults of a ValidatingAdmissionPolicy. */
export function policyFaults(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const faults: FieldError[] = [];
  const validations = objectsAt(spec, 'validations');
  const annotations = objectsAt(spec, 'auditAnnotations');
  const names = policyNames(spec as PolicySpec);
  const failurePolicy = textAt(spec, 'failurePolicy');
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore') {
    faults.push(field.notSupported('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']));
  }
  const paramKind = objectAt(spec, 'paramKind');
  if (paramKind !== undefined) addParamKind(faults, paramKind, 'spec.paramKind');
  const constraints = objectAt(spec, 'matchConstraints');
  if (constraints === undefined) faults.push(field.required('spec.matchConstraints'));
  addMatch(faults, constraints, 'spec.matchConstraints');
  if (constraints !== undefined && listAt(constraints, 'resourceRules').length === 0) {
    faults.push(field.required('spec.matchConstraints.resourceRules'));
  }
  faults.push(...conditionFaults(spec, 'spec.matchConditions', names.conditions));
  addVariables(faults, names);
  if (validations.length === 0 && annotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    faults.push(field.required('spec.validations', why), field.required('spec.auditAnnotations', why));
  }
  for (const [index, validation] of validations.entries()) {
    faults.push(...validationFaults(validation, `spec.validations[${index}]`, names));
  }
  if (annotations.length > maxAnnotations) {
    const why = `must not have more than ${maxAnnotations} auditAnnotations`;
    faults.push(field.invalid('spec.auditAnnotations', annotations, why));
  }
  const keys = annotations.map((each) => textAt(each, 'key'));
  for (const [index, annotation] of annotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    const key = keys[index] ?? '';
    for (const why of checkQualifiedName(`${nameOf(object)}/${key}`)) faults.push(field.invalid(`${at}.key`, key, why));
    faults.push(...annotationFaults(textAt(annotation, 'valueExpression').trim(), `${at}.valueExpression`, names));
    if (keys.indexOf(key) < index) faults.push(field.duplicate(`${at}.key`, key));
  }
  return faults;
}

function addParamKind(faults: FieldError[], paramKind: JsonObject, path: string): void {
  const [apiVersion, kind] = [textAt(paramKind, 'apiVersion'), textAt(paramKind, 'kind')];
  const at = `${path}.apiVersion`;
  const [first = '', second, ...more] = apiVersion.split('/');
  if (apiVersion === '') faults.push(field.required(at));
  else if (more.length > 0) {
    faults.push(field.invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  } else addGroupVersion(faults, second === undefined ? '' : first, second ?? first, apiVersion, at);
  if (kind === '') faults.push(field.required(`${path}.kind`));
  else if (checkDns1035Label(kind.toLowerCase()).length > 0) {
    const why = `may have mixed case, but should otherwise match: ${checkDns1035Label(kind.toLowerCase()).join(',')}`;
    faults.push(field.invalid(`${path}.kind`, kind, why));
  }
}

function addGroupVersion(faults: FieldError[], group: string, version: string, text: string, path: string): void {
  const messages = group === '' ? [] : checkDns1123Subdomain(group);
  if (messages.length > 0) faults.push(field.invalid(path, group, messages.join(',')));
  const others = checkDns1035Label(version);
  if (version === '') faults.push(field.invalid(path, text, 'version must be specified'));
  else if (others.length > 0) faults.push(field.invalid(path, version, others.join(',')));
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function addVariables(faults: FieldError[], { variables }: PolicyNames): void {
  for (const [index, { name, expression }] of variables.entries()) {
    const at = `spec.variables[${index}]`;
    if (name.trim() === '') faults.push(field.required(`${at}.name`, 'name is not specified'));
    else if (!/^[A-Za-z_]\w*$/.test(name) || reserved.has(name))
      faults.push(field.invalid(`${at}.name`, name, 'name is not a valid CEL identifier'));
    if (expression.text.trim() === '') faults.push(field.required(`${at}.expression`, 'expression is not specified'));
    else faults.push(...compiledFaults(expression, `${at}.expression`, []));
  }
}

const matchPolicies = ['Equivalent', 'Exact'];

/** Faults of what chooses requests: by their objects, and by rules. */
function addMatch(faults: FieldError[], match: JsonObject | undefined, path: string): void {
  if (match === undefined) return;
  const policy = textAt(match, 'matchPolicy');
  if (!matchPolicies.includes(policy)) faults.push(field.notSupported(`${path}.matchPolicy`, policy, matchPolicies));
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    addLabelSelector(faults, objectAt(match, name) as LabelSelector | undefined, `${path}.${name}`);
  }
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [index, rule] of objectsAt(match, name).entries()) {
      addOperationRule(faults, rule as OperationRule, `${path}.${name}[${index}]`);
    }
  }
}

function validationFaults(validation: JsonObject, at: string, names: PolicyNames): FieldError[] {
  const expression = textAt(validation, 'expression');
  const message = textAt(validation, 'message');
  const reason = own(validation, 'reason');
  return [
    ...(expression.trim() === ''
      ? [field.required(`${at}.expression`, 'expression is not specified')]
      : expressionFaults(expression, `${at}.expression`, ['bool'], names.body)),
    ...messageFaults(textAt(validation, 'messageExpression'), `${at}.messageExpression`, names),
    ...(message !== '' && message.trim() === ''
      ? [field.invalid(`${at}.message`, message, 'message must be non-empty if specified')]
      : []),
    ...(/[\n\r]/.test(message.trim())
      ? [field.invalid(`${at}.message`, message, 'message must not contain line breaks')]
      : []),
    ...(typeof reason === 'string' && !reasons.includes(reason)
      ? [field.notSupported(`${at}.reason`, reason, reasons)]
      : []),
  ];
}

function messageFaults(text: string, at: string, names: PolicyNames): FieldError[] {
  if (text === '') return [];
  if (text.trim() === '') return [field.invalid(at, text, 'must be non-empty if specified')];
  return expressionFaults(text, at, ['string'], names.message);
}

function annotationFaults(text: string, at: string, names: PolicyNames): FieldError[] {
  if (text === '') return [field.required(at, 'valueExpression is not specified')];
  if (Buffer.byteLength(text) > maxAnnotationExpressionBytes) {
    return [field.required(at, `must not exceed ${maxAnnotationExpressionBytes} bytes in length`)];
  }
  return expressionFaults(text, at, ['string', 'null_type'], names.body);
}

const actions = ['Audit', 'Deny', 'Warn'];

/** Faults of a ValidatingAdmissionPolicyBinding. */
export function bindingFaults(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const faults: FieldError[] = [];
  const policyName = textAt(spec, 'policyName');
  if (policyName === '') faults.push(field.required('spec.policyName'));
  else {
    for (const why of checkDns1123Subdomain(policyName)) faults.push(field.invalid('spec.policyName', policyName, why));
  }
  const reference = objectAt(spec, 'paramRef');
  if (reference !== undefined) addParamRef(faults, reference, 'spec.paramRef');
  addMatch(faults, objectAt(spec, 'matchResources'), 'spec.matchResources');
  addActions(faults, listAt(spec, 'validationActions').map(String), 'spec.validationActions');
  return faults;
}

function addParamRef(faults: FieldError[], reference: JsonObject, path: string): void {
  const name = textAt(reference, 'name');
  const selector = objectAt(reference, 'selector');
  const [hasName, hasSelector] = [name !== '', selector !== undefined];
  for (const why of checkPathSegment(name)) faults.push(field.invalid(`${path}.name`, name, why));
  addLabelSelector(faults, selector as LabelSelector | undefined, `${path}.selector`);
  if (hasName && hasSelector) {
    const why = 'name and selector are mutually exclusive';
    faults.push(field.forbidden(`${path}.name`, why), field.forbidden(`${path}.selector`, why));
  }
  if (!hasName && !hasSelector) faults.push(field.required(path, 'one of name or selector must be specified'));
  const action = textAt(reference, 'parameterNotFoundAction');
  if (action === '') faults.push(field.required(`${path}.parameterNotFoundAction`));
  else if (action !== 'Allow' && action !== 'Deny') {
    faults.push(field.notSupported(`${path}.parameterNotFoundAction`, action, ['Deny', 'Allow']));
  }
}

function addActions(faults: FieldError[], chosen: readonly string[], path: string): void {
  for (const [index, action] of chosen.entries()) {
    if (!actions.includes(action)) faults.push(field.notSupported(`${path}[${index}]`, action, actions));
    if (chosen.indexOf(action) < index) faults.push(field.duplicate(`${path}[${index}]`, action));
  }
  if (chosen.includes('Deny') && chosen.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    faults.push(field.invalid(path, chosen, why));
  }
  if (chosen.length === 0) faults.push(field.required(path, 'at least one validation action is required'));
}
