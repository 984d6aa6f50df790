/** What webhook configurations, policies and bindings must be, beyond what their schemas say: their expressions above all. */
import { addOperationRule, type FieldError, field, type JsonObject, type OperationRule } from '@skiff/api';
import { listAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import { expressionFaults, policyVariables, requestVariables } from './conditions.ts';

/** Faults of the match conditions of all webhooks. */
export function webhookFaults(object: JsonObject): FieldError[] {
  return objectsAt(object, 'webhooks').flatMap((webhook, index) =>
    conditionFaults(webhook, `webhooks[${index}].matchConditions`, requestVariables),
  );
}

const maxConditions = 64;

function conditionFaults(of: JsonObject, path: string, variables: typeof requestVariables): FieldError[] {
  const conditions = objectsAt(of, 'matchConditions');
  const names = conditions.map((each) => textAt(each, 'name'));
  return [
    ...(conditions.length > maxConditions ? [field.tooMany(path, conditions.length, maxConditions)] : []),
    ...conditions.flatMap((condition, index) => {
      const at = `${path}[${index}]`;
      const name = names[index] ?? '';
      return [
        ...(name === '' ? [field.required(`${at}.name`)] : []),
        ...(name !== '' && names.indexOf(name) < index ? [field.duplicate(`${at}.name`, name)] : []),
        ...expressionFaults(textAt(condition, 'expression'), `${at}.expression`, 'bool', variables),
      ];
    }),
  ];
}

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

/** Faults of a ValidatingAdmissionPolicy. */
export function policyFaults(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const faults: FieldError[] = [];
  const validations = objectsAt(spec, 'validations');
  const annotations = objectsAt(spec, 'auditAnnotations');
  if (validations.length === 0 && annotations.length === 0) {
    const why = 'validations or auditAnnotations must be non-empty';
    faults.push(field.required('spec.validations', `${why}: policies must have at least one of these fields`));
  }
  const constraints = objectAt(spec, 'matchConstraints');
  if (constraints === undefined) faults.push(field.required('spec.matchConstraints'));
  else if (listAt(constraints, 'resourceRules').length === 0) {
    faults.push(field.required('spec.matchConstraints.resourceRules'));
  }
  addRules(faults, constraints, 'spec.matchConstraints');
  const failurePolicy = textAt(spec, 'failurePolicy');
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore') {
    faults.push(field.notSupported('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']));
  }
  faults.push(...conditionFaults(spec, 'spec.matchConditions', policyVariables));
  for (const [index, variable] of objectsAt(spec, 'variables').entries()) {
    const at = `spec.variables[${index}]`;
    const name = textAt(variable, 'name');
    if (!/^[A-Za-z_]\w*$/.test(name))
      faults.push(field.invalid(`${at}.name`, name, 'name is not a valid CEL identifier'));
    faults.push(...expressionFaults(textAt(variable, 'expression'), `${at}.expression`, 'any', policyVariables));
  }
  for (const [index, validation] of validations.entries()) {
    faults.push(...validationFaults(validation, `spec.validations[${index}]`));
  }
  for (const [index, annotation] of annotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    if (textAt(annotation, 'key') === '') faults.push(field.required(`${at}.key`));
    faults.push(
      ...expressionFaults(textAt(annotation, 'valueExpression'), `${at}.valueExpression`, 'any', policyVariables),
    );
  }
  return faults;
}

/** Faults of the rules by which requests are chosen. */
function addRules(faults: FieldError[], match: JsonObject | undefined, path: string): void {
  for (const name of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [index, rule] of objectsAt(match ?? {}, name).entries()) {
      addOperationRule(faults, rule as OperationRule, `${path}.${name}[${index}]`);
    }
  }
}

function validationFaults(validation: JsonObject, at: string): FieldError[] {
  const message = textAt(validation, 'message');
  const messageExpression = textAt(validation, 'messageExpression');
  const reason = own(validation, 'reason');
  return [
    ...expressionFaults(textAt(validation, 'expression'), `${at}.expression`, 'bool', policyVariables),
    ...(message.includes('\n')
      ? [field.invalid(`${at}.message`, message, 'message must not contain line breaks')]
      : []),
    ...(messageExpression === ''
      ? []
      : expressionFaults(messageExpression, `${at}.messageExpression`, 'string', policyVariables)),
    ...(typeof reason === 'string' && reason !== '' && !reasons.includes(reason)
      ? [field.notSupported(`${at}.reason`, reason, reasons)]
      : []),
  ];
}

const actions = ['Audit', 'Deny', 'Warn'];

/** Faults of a ValidatingAdmissionPolicyBinding. */
export function bindingFaults(object: JsonObject): FieldError[] {
  const spec = objectAt(object, 'spec') ?? {};
  const faults: FieldError[] = [];
  if (textAt(spec, 'policyName') === '') faults.push(field.required('spec.policyName'));
  addRules(faults, objectAt(spec, 'matchResources'), 'spec.matchResources');
  const chosen = listAt(spec, 'validationActions').map(String);
  if (chosen.length === 0)
    faults.push(field.required('spec.validationActions', 'at least one validation action is required'));
  for (const [index, action] of chosen.entries()) {
    const at = `spec.validationActions[${index}]`;
    if (!actions.includes(action)) faults.push(field.notSupported(at, action, actions));
    if (chosen.indexOf(action) < index) faults.push(field.duplicate(at, action));
  }
  if (chosen.includes('Deny') && chosen.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    faults.push(field.invalid('spec.validationActions', chosen, why));
  }
  const reference = objectAt(spec, 'paramRef');
  if (reference === undefined) return faults;
  const [hasName, hasSelector] = [textAt(reference, 'name') !== '', objectAt(reference, 'selector') !== undefined];
  if (hasName === hasSelector) {
    const why = 'one of name or selector must be specified';
    faults.push(
      hasName
        ? field.forbidden('spec.paramRef.name', 'name and selector are mutually exclusive')
        : field.required('spec.paramRef', why),
    );
  }
  const action = textAt(reference, 'parameterNotFoundAction');
  if (action !== 'Allow' && action !== 'Deny') {
    faults.push(field.required('spec.paramRef.parameterNotFoundAction'));
  }
  return faults;
}
