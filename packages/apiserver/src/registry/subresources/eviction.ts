/** `pods/eviction`: a delete that a PodDisruptionBudget may refuse. */
import { ApiError, badRequest, forbidden, formatTime, isReason, type JsonObject, notFound } from '@skiff/api';
import { childObject, copy, listAt, numberAt, objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import { isStoreError, type StoredDocument } from '../../storage/contract.ts';
import { type Admitting, admitMutating, admitValidating } from '../admission.ts';
import type { DeleteOptions, Incoming } from '../contract.ts';
import { decodeBody } from '../decode.ts';
import { deleteAdmitted } from '../delete.ts';
import { toObject, toStoredText } from '../documents.ts';
import type { Env } from '../env.ts';
import { keyOf, prefixOf } from '../keys.ts';
import { metaOf, nameOf, resourceVersionOf, settleNamespace } from '../meta.ts';
import { readStored } from '../read-stored.ts';
import { selectsLabels } from '../selectors.ts';
import { shownBy } from '../shown.ts';
import { translating } from '../store-errors.ts';
import type { Action, ActionRequest } from './table.ts';

const success = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201}';
const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
const maxAttempts = 20;
const maxDisruptedPods = 2_000;

export const eviction: Action = {
  type: 'action',
  taken: { group: 'policy', version: 'v1', kind: 'Eviction' },
  async run(env, action) {
    const { context, target, kind } = action;
    const part = shownBy(eviction);
    const object = decodeBody(context, part, ofToday(action.body), action.options);
    settleNamespace(object, target.namespace);
    const admitting: Admitting = {
      context,
      target,
      kind,
      operation: 'CREATE',
      options: action.options,
      dryRun: isDryRun(action, object),
      part,
    };
    await admitMutating(env, admitting, object, undefined);
    if (nameOf(object) !== target.name) throw badRequest('name in URL does not match name in Eviction object');
    const options = deleteOptions(action, object);
    await admitValidating(env, admitting, object, undefined);
    await evict(env, action, options);
    return { text: success, created: true };
  },
};

/** Clients from before v1.22 write evictions as policy/v1beta1, which has the same fields; Kubernetes takes them still. */
const ofToday = (body: Incoming): Incoming =>
  textAt(body.document, 'apiVersion') === 'policy/v1beta1'
    ? { ...body, document: { ...body.document, apiVersion: 'policy/v1' } }
    : body;

const isDryRun = ({ options }: ActionRequest, object: JsonObject): boolean =>
  options.dryRun || listAt(object, 'deleteOptions', 'dryRun').length > 0;

function deleteOptions(action: ActionRequest, object: JsonObject): DeleteOptions {
  const asked = objectAt(object, 'deleteOptions') ?? {};
  const policy = textAt(asked, 'propagationPolicy');
  return {
    dryRun: isDryRun(action, object),
    gracePeriodSeconds: numberAt(asked, 'gracePeriodSeconds'),
    propagationPolicy: policy === 'Orphan' || policy === 'Background' || policy === 'Foreground' ? policy : undefined,
    preconditions: {
      uid: textAt(asked, 'preconditions', 'uid') || undefined,
      resourceVersion: textAt(asked, 'preconditions', 'resourceVersion') || undefined,
    },
  };
}

async function evict(env: Env, action: ActionRequest, options: DeleteOptions): Promise<void> {
  const { context, target, kind } = action;
  const document = await readStored(env, target, keyOf(kind, target.namespace, target.name), context.signal);
  if (document === undefined) throw notFound(target, target.name);
  const pod = toObject(document);
  const pods = { ...target, subresource: '' };
  if (needsNoBudget(pod)) {
    await deleteAdmitted(env, context, { kind, target: pods, options });
    return;
  }
  const found = await budgetsOf(env, action, pod);
  const [budget, second] = found;
  if (second !== undefined) {
    throw new ApiError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const guarded = budget !== undefined && !isReady(pod) && isHealthy(toObject(budget));
  if (budget !== undefined && !guarded) await spend(env, action, budget, nameOf(pod), options.dryRun);
  // An unready pod takes nothing from the budget; the delete must then meet the pod that was judged.
  const version = options.preconditions.resourceVersion ?? (guarded ? resourceVersionOf(pod) : undefined);
  try {
    const preconditions = { ...options.preconditions, resourceVersion: version };
    await deleteAdmitted(env, context, { kind, target: pods, options: { ...options, preconditions } });
  } catch (error) {
    const raced = guarded && options.preconditions.resourceVersion === undefined && isReason(error, 'Conflict');
    throw raced && budget !== undefined ? stillProcessing(nameOf(toObject(budget))) : error;
  }
}

function needsNoBudget(pod: JsonObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return ['Succeeded', 'Failed', 'Pending'].includes(phase) || own(metaOf(pod), 'deletionTimestamp') !== undefined;
}

const isReady = (pod: JsonObject): boolean =>
  objectsAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );

function isHealthy(budget: JsonObject): boolean {
  const desired = numberAt(budget, 'status', 'desiredHealthy') ?? 0;
  const policy = textAt(budget, 'spec', 'unhealthyPodEvictionPolicy');
  const current = numberAt(budget, 'status', 'currentHealthy') ?? 0;
  return policy === 'AlwaysAllow' || (desired > 0 && current >= desired);
}

async function budgetsOf(env: Env, action: ActionRequest, pod: JsonObject): Promise<readonly StoredDocument[]> {
  const kind = env.table.find(budgets);
  if (kind === undefined) return [];
  const { documents } = await translating(budgets, '', () =>
    env.store.list(prefixOf(kind, action.target.namespace), {}, action.context.signal),
  );
  const labels = objectAt(pod, 'metadata', 'labels') ?? {};
  return documents.filter((document) => {
    const selector = objectAt(toObject(document), 'spec', 'selector');
    // An empty selector selects every pod of the namespace (policy/v1); an absent one none.
    return selector !== undefined && selectsLabels(selector, labels);
  });
}

/** Takes one disruption from the budget, and notes for its controller which pod goes. */
async function spend(
  env: Env,
  action: ActionRequest,
  first: StoredDocument,
  pod: string,
  dryRun: boolean,
): Promise<void> {
  let document = first;
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const budget = spent(toObject(document), pod, env.clock.now());
    if (dryRun) return;
    try {
      await env.store.update(document.key, toStoredText(budget), document.version);
      return;
    } catch (error) {
      if (!isStoreError(error, 'conflict')) throw error;
      const current = await env.store.get(document.key, action.context.signal);
      if (current === undefined) return;
      document = current;
    }
  }
  throw new ApiError('Timeout', `Timeout: couldn't update PodDisruptionBudget "${first.key}" due to conflicts`, {
    retryAfterSeconds: 10,
  });
}

/** The budget after one more disruption. Throws TooManyRequests when it allows none. */
export function spent(stored: JsonObject, pod: string, nowMs: number): JsonObject {
  const budget = copy(stored);
  const name = nameOf(budget);
  const status = childObject(budget, 'status');
  const observed = numberAt(status, 'observedGeneration') ?? 0;
  if (observed < (numberAt(budget, 'metadata', 'generation') ?? 0)) throw stillProcessing(name);
  const allowed = numberAt(status, 'disruptionsAllowed') ?? 0;
  const of = { group: 'policy', resource: 'poddisruptionbudget' };
  if (allowed < 0) throw forbidden(of, name, 'pdb disruptions allowed is negative');
  const disrupted = childObject(status, 'disruptedPods');
  if (Object.keys(disrupted).length > maxDisruptedPods) {
    throw forbidden(of, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (allowed === 0) {
    throw refused(
      `The disruption budget ${name} needs ${numberAt(status, 'desiredHealthy') ?? 0} healthy pods and has ${
        numberAt(status, 'currentHealthy') ?? 0
      } currently`,
      0,
    );
  }
  put(status, 'disruptionsAllowed', allowed - 1);
  put(disrupted, pod, formatTime(nowMs));
  return budget;
}

const stillProcessing = (name: string): ApiError =>
  refused(`The disruption budget ${name} is still being processed by the server.`, 10);

const refused = (message: string, retryAfterSeconds: number): ApiError =>
  new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
  });
