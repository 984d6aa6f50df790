/** The parameter objects that a binding gives its policy (apiserver's policy/generic CollectParams). */
import { type Definition, isReason, type JsonObject, parseApiVersion } from '@skiff/api';
import type { Target } from '../../registry/contract.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { selectorText } from '../../registry/selectors.ts';
import { systemContext } from '../../registry/system-context.ts';
import type { ParamRef, PolicySpec } from './policy.ts';

/** The collection of a policy's parameters; undefined when it has none. Throws Error when nothing like it is served. */
export function paramDefinition(
  registry: ExtensibleRegistry,
  paramKind: PolicySpec['paramKind'],
): Definition | undefined {
  if (paramKind === undefined) return undefined;
  const { apiVersion = '', kind = '' } = paramKind;
  const named = parseApiVersion(apiVersion);
  const found = registry
    .definitions()
    .find((each) => each.group === named?.group && each.version === named.version && each.kind === kind);
  if (found !== undefined) return found;
  throw new Error(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
}

/**
 * The objects to judge with, one after the other; one `undefined` to judge without. Empty when there are none and there need be
 * none. Throws Error when they are missing and must not be.
 */
export async function collectParams(
  registry: ExtensibleRegistry,
  definition: Definition | undefined,
  reference: ParamRef | undefined,
  requestNamespace: string,
  signal: AbortSignal,
): Promise<readonly (JsonObject | undefined)[]> {
  if (definition === undefined || reference === undefined) return [undefined];
  const { name = '', namespace: named = '', selector, parameterNotFoundAction } = reference;
  if (!definition.namespaced && named !== '') {
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const namespace = definition.namespaced ? named || requestNamespace : '';
  if (definition.namespaced && namespace === '') {
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  const target: Target = { ...definition, namespace, name, subresource: '' };
  const found = await readParams(registry, target, selector, signal);
  if (found.length === 0 && parameterNotFoundAction === 'Deny') {
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return found;
}

async function readParams(
  registry: ExtensibleRegistry,
  target: Target,
  selector: JsonObject | undefined,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const context = systemContext(signal);
  const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
  if (target.name !== '') {
    try {
      return [parse((await registry.get(context, target, { resourceVersion: '' })).text)];
    } catch (error) {
      if (isReason(error, 'NotFound')) return [];
      throw error;
    }
  }
  const { items } = await registry.list(context, target, {
    ...{ fieldSelector: '', limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' },
    labelSelector: selectorText(selector),
  });
  return items.map(parse);
}
