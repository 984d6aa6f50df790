/** The namespace a request is about, as selectors and expressions see it. */
import { isReason, type JsonObject } from '@skiff/api';
import { objectAt } from '../../patch/values.ts';
import type { AdmissionRequest, Registry } from '../../registry/contract.ts';
import { selectsLabels } from '../../registry/selectors.ts';
import { systemContext } from '../../registry/system-context.ts';
import { isEmpty } from './rules.ts';

const isNamespace = ({ target }: AdmissionRequest): boolean => target.group === '' && target.resource === 'namespaces';

/** The Namespace object; undefined for requests outside of any, or when it is gone. */
export async function namespaceOf(registry: Registry, request: AdmissionRequest): Promise<JsonObject | undefined> {
  if (isNamespace(request)) return request.object ?? request.oldObject;
  const { namespace } = request.target;
  if (namespace === '') return undefined;
  const target = { group: '', version: 'v1', resource: 'namespaces', namespace: '', name: namespace, subresource: '' };
  const context = systemContext(request.context.signal);
  try {
    const { text } = await registry.get(context, target, { resourceVersion: '0' });
    return JSON.parse(text) as JsonObject;
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    // The cache may be behind a namespace that was made just now.
    const live = await registry.get(context, target, { resourceVersion: '' }).catch((why: unknown) => {
      if (isReason(why, 'NotFound')) return undefined;
      throw why;
    });
    return live === undefined ? undefined : (JSON.parse(live.text) as JsonObject);
  }
}

/** True when the selector selects the request's namespace. Requests outside of any are always selected. */
export async function selectsNamespace(
  registry: Registry,
  selector: JsonObject | undefined,
  request: AdmissionRequest,
): Promise<boolean> {
  if (selector === undefined || isEmpty(selector)) return true;
  if (request.target.namespace === '' && !isNamespace(request)) return true;
  const namespace = await namespaceOf(registry, request);
  return namespace !== undefined && selectsLabels(selector, objectAt(namespace, 'metadata', 'labels') ?? {});
}
