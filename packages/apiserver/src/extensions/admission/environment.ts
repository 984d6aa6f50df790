/** What the expressions of admission may name, and of which type it is (apiserver's admission/plugin/cel, BuildRequestType and its like). */
import type { Definition, JsonObject } from '@skiff/api';
import { objectAt } from '../../patch/values.ts';
import type { AdmissionRequest } from '../../registry/contract.ts';
import { toValue } from '../cel/convert.ts';
import { type Ask, authorizerOf, resourceCheckOf } from '../cel/library/authorizer.ts';
import { dyn, simple, type Type, typeOfSchema } from '../cel/types.ts';
import type { Value } from '../cel/values.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { type ReviewedObjects, requestFacts } from './review.ts';

export type Names = ReadonlyMap<string, Type>;

const text: JsonSchema = { type: 'string' };
const texts: JsonSchema = { type: 'array', items: text };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const textMap: JsonSchema = { type: 'object', additionalProperties: text };
const object = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({ type: 'object', properties });

const kind = object({ group: text, version: text, kind: text });
const resource = object({ group: text, version: text, resource: text });
const request = object({
  ...{ kind, resource, requestKind: kind, requestResource: resource },
  ...{ subResource: text, requestSubResource: text, name: text, namespace: text, operation: text },
  userInfo: object({
    ...{ username: text, uid: text, groups: texts },
    extra: { type: 'object', additionalProperties: texts },
  }),
  dryRun: { type: 'boolean' },
  options: {},
});

const condition = object({ status: text, type: text, lastTransitionTime: time, message: text, reason: text });
const namespace = object({
  metadata: object({
    ...{ name: text, generateName: text, namespace: text, labels: textMap, annotations: textMap, UID: text },
    ...{ creationTimestamp: time, deletionGracePeriodSeconds: { type: 'integer' }, deletionTimestamp: time },
    ...{ generation: { type: 'integer' }, resourceVersion: text, finalizers: texts },
  }),
  spec: object({ finalizers: texts }),
  status: object({ conditions: { type: 'array', items: condition }, phase: text }),
});

export interface EnvironmentOptions {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
  /** Of `object` and `oldObject`, and of `params`; absent: anything. */
  readonly types?: { readonly object: Type; readonly params: Type };
  /** Of `variables`; absent: there are none. */
  readonly variables?: Names;
}

export function environment({ hasParams, hasAuthorizer, types, variables }: EnvironmentOptions): Names {
  const names = new Map<string, Type>([
    ['object', types?.object ?? dyn],
    ['oldObject', types?.object ?? dyn],
    ['request', typeOfSchema(request)],
    ['namespaceObject', typeOfSchema(namespace)],
  ]);
  if (hasParams) names.set('params', types?.params ?? dyn);
  if (hasAuthorizer) {
    names.set('authorizer', simple('authorizer'));
    names.set('authorizer.requestResource', simple('resource_check'));
  }
  if (variables !== undefined) names.set('variables', { kind: 'map', max: variables.size, fields: variables });
  return names;
}

/** What a webhook's match conditions see. */
export const webhookEnvironment: Names = environment({ hasParams: false, hasAuthorizer: true });

/** The values of all names but `params` and `variables`. */
export function requestValues(
  asked: AdmissionRequest,
  at: Definition,
  objects: ReviewedObjects,
  ask: Ask,
): Map<string, Value> {
  const { user } = asked.context;
  const shown = (of: JsonObject | undefined): Value => (of === undefined ? null : toValue(of));
  return new Map<string, Value>([
    ['object', shown(objects.object)],
    ['oldObject', shown(objects.oldObject)],
    ['request', toValue(requestFacts(asked, at))],
    ['namespaceObject', null],
    ['authorizer', authorizerOf(user, ask)],
    ['authorizer.requestResource', resourceCheckOf(user, ask, asked.target)],
  ]);
}

/** A Namespace without what expressions may not see. */
export function namespaceValue(of: JsonObject | undefined): Value {
  if (of === undefined) return null;
  const shown: JsonObject = {};
  for (const [part, schema] of Object.entries(namespace.properties ?? {})) {
    const known = Object.keys(schema.properties ?? {});
    const fields = Object.entries(objectAt(of, part) ?? {}).filter(([key]) => known.includes(key));
    shown[part] = Object.fromEntries(fields);
  }
  return toValue(shown, namespace);
}
