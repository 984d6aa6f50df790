/** The CEL rules of a schema, before it is accepted: do they make sense, and what may they cost at most. */
import { type FieldError, field, type GoText, goPointer, goStruct } from '@skiff/api';
import { itemsOf, type JsonSchema, someSchema, type ValidationRule, valuesOf } from '../schema/json-schema.ts';
import { compileRule, messageProgram } from './rule-program.ts';
import { maxPerRequest } from './types.ts';

/** What one expression may cost at most, over all the values it can meet in one object. */
const perExpressionLimit = 10_000_000;
/** And all of a schema together. */
const perSchemaLimit = 100_000_000;

interface Place {
  readonly isRoot: boolean;
  /** How many values of the schema one object can hold; undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  /** Where old and new values can no longer be told to belong together. */
  readonly uncorrelated: string | undefined;
}

interface Cost {
  readonly path: string;
  readonly cost: number;
}

/** Faults of all rules at `path` and below. `isUnchanged`: what was accepted once is not held to the limit of one expression. */
export function ruleFaults(schema: JsonSchema, path: string, isUnchanged: boolean): FieldError[] {
  if (!someSchema(schema, hasRules)) return [];
  const walk = new Walk(isUnchanged);
  walk.visit(schema, path, { isRoot: true, cardinality: 1, uncorrelated: undefined });
  const total = walk.costs.reduce((sum, each) => sum + each.cost, 0);
  if (total <= perSchemaLimit) return walk.faults;
  const worst = [...walk.costs].sort((a, b) => b.cost - a.cost).slice(0, 4);
  const contributed = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
  const whole = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
  return [
    ...walk.faults,
    ...worst.map((each) => field.forbidden(each.path, contributed)),
    field.forbidden(path, tooCostly(whole, total, perSchemaLimit)),
  ];
}

const hasRules = (schema: JsonSchema): boolean => (schema['x-kubernetes-validations'] ?? []).length > 0;

/** The rule as Kubernetes holds and shows it. */
const goRule = (rule: ValidationRule): GoText =>
  goStruct('apiextensions.ValidationRule', {
    Rule: rule.rule,
    Message: rule.message,
    MessageExpression: rule.messageExpression,
    Reason: goPointer('apiextensions.FieldValueErrorReason', rule.reason),
    FieldPath: rule.fieldPath,
    OptionalOldSelf: goPointer('bool', rule.optionalOldSelf),
  });

function tooCostly(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

class Walk {
  readonly faults: FieldError[] = [];
  readonly costs: Cost[] = [];
  readonly #isUnchanged: boolean;

  constructor(isUnchanged: boolean) {
    this.#isUnchanged = isUnchanged;
  }

  visit(schema: JsonSchema, path: string, place: Place): void {
    const values = valuesOf(schema);
    if (values !== undefined)
      this.visit(values, `${path}.additionalProperties`, this.#inside(place, schema.maxProperties));
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      this.visit(property, `${path}.properties[${name}]`, { ...place, isRoot: false });
    }
    const items = itemsOf(schema);
    if (items !== undefined) {
      const isMap = schema['x-kubernetes-list-type'] === 'map';
      const uncorrelated = place.uncorrelated ?? (isMap ? undefined : path);
      this.visit(items, `${path}.items`, { ...this.#inside(place, schema.maxItems), uncorrelated });
    }
    for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
      this.#rule(schema, rule, `${path}.x-kubernetes-validations[${index}]`, place);
    }
  }

  #inside(place: Place, max: number | undefined): Place {
    const { cardinality } = place;
    const bounded = cardinality === undefined || max === undefined ? undefined : cardinality * max;
    return { ...place, isRoot: false, cardinality: bounded };
  }

  #rule(schema: JsonSchema, rule: ValidationRule, path: string, place: Place): void {
    const { messageExpression = '' } = rule;
    const cardinality = place.cardinality ?? maxPerRequest(schema);
    const program = compileRule(schema, rule, place.isRoot);
    if ('fault' in program) {
      this.faults.push(field.invalid(`${path}.rule`, goRule(rule), program.fault));
      return;
    }
    this.#cost(`${path}.rule`, 'estimated rule cost', program.cost * cardinality);
    if (program.uses('oldSelf')) {
      if (place.uncorrelated !== undefined) {
        const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelated}`;
        this.faults.push(field.invalid(`${path}.rule`, rule.rule ?? '', why));
      }
    } else if (rule.optionalOldSelf !== undefined) {
      const why = 'may not be set if oldSelf is not used in rule';
      this.faults.push(field.invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, why));
    }
    if (messageExpression.trim() === '') return;
    const message = messageProgram(schema, rule, place.isRoot);
    if ('fault' in message) this.faults.push(field.invalid(`${path}.messageExpression`, goRule(rule), message.fault));
    else this.#cost(`${path}.messageExpression`, 'estimated messageExpression cost', message.cost);
  }

  #cost(path: string, what: string, cost: number): void {
    this.costs.push({ path, cost });
    if (cost <= perExpressionLimit || this.#isUnchanged) return;
    this.faults.push(field.forbidden(path, tooCostly(what, cost, perExpressionLimit)));
  }
}
