/** Values of the downward API: a pod's own fields and resources. Pure. */
import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from '@skiff/api';
import { findDeclared } from '../pods/spec.ts';
import { quantityToNumber } from '../quantity.ts';
import { quote } from './quote.ts';

export interface PodSurroundings {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  readonly nodeName: string;
  /** What a container without a limit may use. */
  readonly nodeCpus: number;
  readonly nodeMemoryBytes: number;
}

/** Undefined for a path that the downward API does not know; '' for a label that is not set. */
export function fieldValue(pod: Pod, fieldPath: string, around: PodSurroundings): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    const key = subscript[2] ?? '';
    return map !== undefined && Object.hasOwn(map, key) ? (map[key] ?? '') : '';
  }
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return around.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
      return around.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return around.hostIPs.join(',');
    case 'status.podIP':
      return around.podIPs[0] ?? '';
    case 'status.podIPs':
      return around.podIPs.join(',');
    default:
      return undefined;
  }
}

/** `key="value"` lines, sorted, with Go's quoting. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join('\n');
}

/** The field of `selector`, or an error text. */
export const selectField = (
  pod: Pod,
  selector: ObjectFieldSelector,
  around: PodSurroundings,
): { readonly value: string } | { readonly fault: string } => {
  const value = fieldValue(pod, selector.fieldPath, around);
  return value === undefined ? { fault: `unsupported fieldPath: ${selector.fieldPath}` } : { value };
};

/** A container's request or limit in units of the divisor, rounded up; without a limit, the node's capacity. */
export function resourceValue(
  pod: Pod,
  own: Container | undefined,
  selector: ResourceFieldSelector,
  around: PodSurroundings,
): { readonly value: string } | { readonly fault: string } {
  const container =
    selector.containerName === undefined || selector.containerName === ''
      ? own
      : findDeclared(pod, selector.containerName)?.spec;
  if (container === undefined) return { fault: `container ${selector.containerName ?? ''} not found` };
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9]+)$/.exec(selector.resource);
  if (match === null) return { fault: `Unsupported container resource : ${selector.resource}` };
  const [, side = '', name = ''] = match;
  const amount = amountOf(container, side, name, around);
  const divisor = quantityToNumber(selector.divisor) || 1;
  return { value: String(Math.ceil(Number((amount / divisor).toFixed(6)))) };
}

function amountOf(container: Container, side: string, name: string, around: PodSurroundings): number {
  const { limits, requests } = container.resources ?? {};
  if (side === 'requests') return quantityToNumber(requests?.[name] ?? limits?.[name]);
  const limit = quantityToNumber(limits?.[name]);
  if (limit > 0) return limit;
  if (name === 'cpu') return around.nodeCpus;
  return name === 'memory' ? around.nodeMemoryBytes : 0;
}
