/** The pod behind `POD`, `pod/NAME` or `TYPE/NAME` of whatever has a selector: what logs and exec are about. */
import {
  type ApiObject,
  formatSelector,
  type LabelSelector,
  type Pod,
  resources,
  selectorOfLabels,
  toSelector,
} from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { readArguments } from './arguments.ts';
import { createCatalogue } from './catalogue.ts';
import { labelOf } from './kinds.ts';

/** A selector as text: a LabelSelector, or the plain labels of a Service. Undefined when the object selects nothing. */
export function podSelectorOf(object: ApiObject): string | undefined {
  const { spec } = object as ApiObject & { readonly spec?: { readonly selector?: LabelSelector } };
  const selector = spec?.selector;
  if (typeof selector !== 'object' || selector === null || Object.keys(selector).length === 0) return undefined;
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  return formatSelector(isLabelSelector ? toSelector(selector) : selectorOfLabels(selector as Record<string, string>));
}

/** One that runs before one that does not, by name. */
export function choosePod(pods: readonly Pod[]): Pod | undefined {
  const rank = ({ status }: Pod): number => (status?.phase === 'Running' ? 0 : 1);
  return [...pods].sort((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

/** The pod's name. Throws Error when there is none. */
export async function podNamed(
  { client, namespace }: { readonly client: SkiffClient; readonly namespace: string },
  typed: string,
): Promise<string> {
  if (!typed.includes('/')) return typed;
  const [{ types, name = '' } = { types: '' }] = readArguments('logs', [typed]);
  const [kind] = await createCatalogue(client).named(types);
  if (kind === undefined || (kind.group === '' && kind.resource === 'pods')) return name;
  const object = await client.resource(kind).get(kind.namespaced ? namespace : '', name);
  const labelSelector = podSelectorOf(object);
  if (labelSelector === undefined) throw new Error(`${labelOf(kind)}/${name} selects no pods`);
  const { items } = await client.resource(resources.pods).list({ namespace, labelSelector });
  const pod = choosePod(items);
  if (pod === undefined) throw new Error(`${labelOf(kind)}/${name} has no pods`);
  if (items.length > 1) process.stderr.write(`Found ${items.length} pods, using pod/${pod.metadata.name}\n`);
  return pod.metadata.name;
}
