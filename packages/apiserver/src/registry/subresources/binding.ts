/** `pods/binding`: the scheduler's word that a pod runs on a node. The legacy `bindings` collection means the same. */
import { conflict, field, formatTime, invalid, type JsonObject, notFound } from '@skiff/api';
import { childObject, copy, listAt, objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import { isStoreError } from '../../storage/contract.ts';
import { type Admitting, admitMutating, admitValidating } from '../admission.ts';
import type { Answer } from '../contract.ts';
import { decodeBody } from '../decode.ts';
import { toObject, toStoredText } from '../documents.ts';
import type { Env } from '../env.ts';
import { keyOf } from '../keys.ts';
import { metaOf, settleNamespace, uidOf } from '../meta.ts';
import { readStored } from '../read-stored.ts';
import { shownBy } from '../shown.ts';
import { translated } from '../store-errors.ts';
import type { Action, ActionRequest } from './table.ts';

const bindings = { group: '', resource: 'pods/binding' };
const success = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}';

export const binding: Action = {
  type: 'action',
  taken: { group: '', version: 'v1', kind: 'Binding' },
  async run(env, action) {
    const { context, kind, target, options } = action;
    const part = shownBy(binding);
    const object = decodeBody(context, part, action.body, options);
    settleNamespace(object, target.namespace);
    const admitting: Admitting = { context, target, kind, operation: 'CREATE', options, dryRun: options.dryRun, part };
    await admitMutating(env, admitting, object, undefined);
    await admitValidating(env, admitting, object, undefined);
    return bindPod(env, action, object);
  },
};

/** Binds the pod that `action.target` names as `object` (a Binding that was admitted) says. Throws Conflict when it has a node already. */
export async function bindPod(env: Env, action: Omit<ActionRequest, 'body'>, object: JsonObject): Promise<Answer> {
  const { context, kind, target, options } = action;
  settleNamespace(object, target.namespace);
  checkBinding(object, target.name);
  const key = keyOf(kind, target.namespace, target.name);
  for (;;) {
    const document = await readStored(env, target, key, context.signal);
    if (document === undefined) throw notFound({ group: '', resource: 'pods' }, target.name);
    const pod = bound(toObject(document), object, env.clock.now());
    if (options.dryRun) return { text: success, created: true };
    try {
      await env.store.update(key, toStoredText(pod), document.version);
      return { text: success, created: true };
    } catch (error) {
      if (!isStoreError(error, 'conflict', 'missing')) throw translated(error, target, target.name);
    }
  }
}

function checkBinding(object: JsonObject, name: string): void {
  const kind = textAt(object, 'target', 'kind');
  const faults = [
    ...(kind !== '' && kind !== 'Node' ? [field.notSupported('target.kind', kind, ['Node', '<empty>'])] : []),
    ...(textAt(object, 'target', 'name') === '' ? [field.required('target.name')] : []),
  ];
  if (faults.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, faults);
}

/** The pod with its node. */
export function bound(stored: JsonObject, object: JsonObject, nowMs: number): JsonObject {
  const pod = copy(stored);
  const name = textAt(pod, 'metadata', 'name');
  const refused = (why: string) => conflict(bindings, name, why);
  const uid = uidOf(object);
  if (uid !== '' && uid !== uidOf(pod)) {
    throw refused(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${uidOf(pod)}`);
  }
  if (own(metaOf(pod), 'deletionTimestamp') !== undefined) {
    throw refused(`pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const node = textAt(pod, 'spec', 'nodeName');
  if (node !== '') throw refused(`pod ${name} is already assigned to node "${node}"`);
  if (listAt(pod, 'spec', 'schedulingGates').length > 0)
    throw refused(`pod ${name} has non-empty .spec.schedulingGates`);
  put(childObject(pod, 'spec'), 'nodeName', textAt(object, 'target', 'name'));
  for (const key of ['annotations', 'labels']) {
    const added = objectAt(object, 'metadata', key);
    if (added === undefined) continue;
    const all = childObject(metaOf(pod), key);
    for (const [name, value] of Object.entries(added)) put(all, name, value);
  }
  setScheduled(pod, nowMs);
  return pod;
}

function setScheduled(pod: JsonObject, nowMs: number): void {
  const status = childObject(pod, 'status');
  const conditions = objectsAt(status, 'conditions').filter((each) => textAt(each, 'type') !== 'PodScheduled');
  const time = formatTime(nowMs);
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: time };
  put(status, 'conditions', [...conditions, scheduled]);
}
