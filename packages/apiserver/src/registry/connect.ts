/**
 * Streams to objects (`exec`, `attach`, `portforward`, `proxy`): nothing is stored, but admission has its say, with operation
 * CONNECT and the stream's options as the object (ConnectResource of apiserver's endpoints/handlers).
 */
import { ApiError, type JsonObject, type ObjectSchema, type Schema } from '@skiff/api';
import { type Admitting, admitMutating, admitValidating } from './admission.ts';
import type { RequestContext, Target } from './contract.ts';
import type { Decodable } from './decode.ts';
import { type Env, kindOf } from './env.ts';

const flag: Schema = { type: 'boolean', omitZero: true };
const text: Schema = { type: 'string', omitZero: true };
const type = { kind: text, apiVersion: text };
const optionsOf = (properties: Readonly<Record<string, Schema>>): ObjectSchema => ({
  ...{ type: 'object', required: [], properties: { ...type, ...properties } },
});

const attach = { stdin: flag, stdout: flag, stderr: flag, tty: flag, container: text };
const proxy = optionsOf({ path: text });

/** The options of core/v1, which are no kinds that a server stores. */
const schemas: ReadonlyMap<string, ObjectSchema> = new Map([
  ['PodExecOptions', optionsOf({ ...attach, command: { type: 'array', items: { type: 'string' } } })],
  ['PodAttachOptions', optionsOf(attach)],
  ['PodPortForwardOptions', optionsOf({ ports: { type: 'array', items: { type: 'integer', format: 'int32' } } })],
  ['PodProxyOptions', proxy],
  ['ServiceProxyOptions', proxy],
  ['NodeProxyOptions', proxy],
]);

/** Answers the options as admission leaves them. Throws ApiError. */
export async function connect(
  env: Env,
  context: RequestContext,
  target: Target,
  options: JsonObject,
): Promise<JsonObject> {
  const kind = kindOf(env, target, context);
  const taken = kind.definition.subresources.find((each) => each.name === target.subresource)?.kind;
  const schema = schemas.get(taken?.kind ?? '');
  if (taken === undefined || schema === undefined) {
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  }
  const part: Decodable = { ...taken, schema: () => schema };
  const object: JsonObject = { kind: taken.kind, apiVersion: taken.version, ...options };
  const admitting: Admitting = { context, target, kind, operation: 'CONNECT', options: undefined, dryRun: false, part };
  await admitMutating(env, admitting, object, undefined);
  await admitValidating(env, admitting, object, undefined);
  return object;
}
