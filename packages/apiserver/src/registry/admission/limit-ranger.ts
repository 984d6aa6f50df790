/** LimitRanger: containers get the namespace's default requests and limits; pods and claims out of range are refused. */
import {
  forbidden,
  formatQuantity,
  type JsonObject,
  type LimitRange,
  type PersistentVolumeClaim,
  type Pod,
} from '@skiff/api';
import { type Amounts, claimLimitFaults, limitDefaults, podLimitFaults } from '@skiff/api/quota';
import { decode } from '@skiff/api/validation';
import { childObject, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../contract.ts';
import { parseText } from '../documents.ts';
import { collectionOf, type Env } from '../env.ts';
import { nameOf } from '../meta.ts';

const limitRanges = { group: '', version: 'v1', resource: 'limitranges' };
const annotation = 'kubernetes.io/limit-ranger';

export function limitRanger(env: Env): AdmissionStep {
  return {
    name: 'LimitRanger',
    mutate(request) {
      if (request.object === undefined || !isNewPod(request)) return;
      for (const range of rangesIn(env, request.target.namespace)) fill(request.object, limitDefaults(range));
    },
    validate(request) {
      const { object, target } = request;
      if (object === undefined) return;
      const isPod = isNewPod(request);
      if (!isPod && !isClaim(request)) return;
      for (const range of rangesIn(env, target.namespace)) {
        const faults = isPod
          ? podLimitFaults(range, object as unknown as Pod)
          : claimLimitFaults(range, object as unknown as PersistentVolumeClaim);
        if (faults.length === 0) continue;
        throw forbidden(target, nameOf(object), faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`);
      }
    },
  };
}

const isNewPod = ({ operation, target }: AdmissionRequest): boolean =>
  operation === 'CREATE' && target.group === '' && target.resource === 'pods' && target.subresource === '';

const isClaim = ({ operation, target }: AdmissionRequest): boolean =>
  (operation === 'CREATE' || operation === 'UPDATE') &&
  target.group === '' &&
  target.resource === 'persistentvolumeclaims' &&
  target.subresource === '';

/** Those that are not on their way out. */
function rangesIn(env: Env, namespace: string): readonly LimitRange[] {
  const kind = env.table.find(limitRanges);
  if (kind === undefined) return [];
  const { documents } = collectionOf(env, kind).list({ namespace, name: '' });
  const schema = kind.definition.schema();
  // The store may hold what is no range: what is wrong in it counts for nothing.
  const ranges = documents.map(({ text }) => decode(schema, parseText(text)).value as unknown as LimitRange);
  return ranges.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Sets what containers do not say, and says so in an annotation. */
function fill(pod: JsonObject, defaults: { readonly requests: Amounts; readonly limits: Amounts }): void {
  const told: string[] = [];
  for (const [list, word] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    for (const container of objectsAt(pod, 'spec', list)) {
      for (const [which, amounts] of [
        ['requests', defaults.requests],
        ['limits', defaults.limits],
      ] as const) {
        const set = fillList(container, which, amounts);
        if (set.length > 0)
          told.push(`${set.join(', ')} ${which.slice(0, -1)} for ${word} ${textAt(container, 'name')}`);
      }
    }
  }
  if (told.length === 0) return;
  put(
    childObject(childObject(pod, 'metadata'), 'annotations'),
    annotation,
    `LimitRanger plugin set: ${told.join('; ')}`,
  );
}

/** Answers the names that were set, sorted. */
function fillList(container: JsonObject, which: string, amounts: Amounts): readonly string[] {
  if (amounts.size === 0) return [];
  const list = childObject(childObject(container, 'resources'), which);
  const missing = [...amounts].filter(([name]) => own(list, name) === undefined);
  for (const [name, amount] of missing) put(list, name, formatQuantity(amount));
  return missing.map(([name]) => name).sort();
}
