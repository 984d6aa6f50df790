/**
 * ResourceQuota: a new object is charged to every quota of its namespace that counts it, before it is stored. The charge is a write
 * of the quota's status guarded by its version, so that no two requests, on this server or on another, spend the same room. What a
 * write that fails afterwards was charged is given back by the quota controller, which counts anew.
 */
import { type ApiObject, forbidden, type JsonObject, type ResourceQuota } from '@skiff/api';
import {
  type Amounts,
  addAmounts,
  type Counted,
  chargeOf,
  chargeQuota,
  fromAmounts,
  moreThan,
  toAmounts,
} from '@skiff/api/quota';
import { childObject, put } from '../../patch/values.ts';
import { isStoreError, type StoredDocument } from '../../storage/contract.ts';
import type { AdmissionRequest, AdmissionStep } from '../contract.ts';
import { toObject, toStoredText } from '../documents.ts';
import { collectionOf, type Env } from '../env.ts';

const quotas = { group: '', version: 'v1', resource: 'resourcequotas' };
/** Beside what is created: what may come to use more by a change. */
const growing = new Set(['services/', 'persistentvolumeclaims/']);

export function resourceQuota(env: Env): AdmissionStep {
  /** Requests of one namespace wait for each other: they would only make each other's writes fail. */
  const turns = new Map<string, Promise<unknown>>();

  const inTurn = async (namespace: string, work: () => Promise<void>): Promise<void> => {
    const before = turns.get(namespace) ?? Promise.resolve();
    const mine = before.then(work, work);
    turns.set(namespace, mine);
    try {
      await mine;
    } finally {
      if (turns.get(namespace) === mine) turns.delete(namespace);
    }
  };

  return {
    name: 'ResourceQuota',
    validate(request) {
      const { target, object, operation } = request;
      if (object === undefined || target.namespace === '' || !isCharged(request)) return;
      // What is answered and never stored takes no room.
      if (env.virtual.has(`${target.group}/${target.resource}`)) return;
      const documents = quotasIn(env, target.namespace);
      if (documents.length === 0) return;
      const of: Counted = { group: target.group, resource: target.resource };
      const nowMs = env.clock.now();
      const now = chargeOf(of, asObject(object), nowMs);
      const isChange = operation === 'UPDATE' && request.oldObject !== undefined;
      const before: Amounts = isChange ? chargeOf(of, asObject(request.oldObject), nowMs) : new Map();
      const added: Charge = { request, of, object: asObject(object), amounts: moreThan(now, before) };
      return inTurn(target.namespace, () => chargeAll(env, added, documents));
    },
  };
}

function isCharged({ operation, target }: AdmissionRequest): boolean {
  if (operation === 'CREATE') return target.subresource === '';
  return operation === 'UPDATE' && target.group === '' && growing.has(`${target.resource}/${target.subresource}`);
}

/** Stored objects have passed their schema. */
const asObject = (object: JsonObject | undefined): ApiObject => object as unknown as ApiObject;

interface Charge {
  readonly request: AdmissionRequest;
  readonly of: Counted;
  readonly object: ApiObject;
  readonly amounts: Amounts;
}

function quotasIn(env: Env, namespace: string): readonly StoredDocument[] {
  const kind = env.table.find(quotas);
  if (kind === undefined) return [];
  const { documents } = collectionOf(env, kind).list({ namespace, name: '' });
  return documents.map(({ key, version, text }) => ({ key, version, text }));
}

async function chargeAll(env: Env, charge: Charge, documents: readonly StoredDocument[]): Promise<void> {
  // Most refusals show before anything is written.
  for (const document of documents) judge(charge, document);
  if (charge.request.dryRun) return;
  const charged: StoredDocument[] = [];
  try {
    for (const document of documents) if (await chargeOne(env, charge, document)) charged.push(document);
  } catch (error) {
    for (const document of charged) await change(env, document, (used) => minus(used, charge.amounts));
    throw error;
  }
}

/** What the quota's use becomes; undefined when it does not count this. Throws ApiError Forbidden. */
function judge({ request, of, object, amounts }: Charge, document: StoredDocument): Amounts | undefined {
  const quota = asObject(toObject(document)) as ResourceQuota;
  const verdict = chargeQuota(quota, of, object, amounts);
  if (verdict.type === 'refuse') throw forbidden(request.target, request.target.name, verdict.why);
  return verdict.type === 'charge' ? verdict.used : undefined;
}

const chargeOne = (env: Env, charge: Charge, document: StoredDocument): Promise<boolean> =>
  change(env, document, (_used, current) => judge(charge, current));

/** Writes what `next` makes of the quota's use, again with what is there when somebody was faster. Answers false when there was nothing to write. */
async function change(
  env: Env,
  first: StoredDocument,
  next: (used: Amounts, document: StoredDocument) => Amounts | undefined,
): Promise<boolean> {
  let document: StoredDocument | undefined = first;
  while (document !== undefined) {
    const quota = toObject(document);
    const used = next(toAmounts((asObject(quota) as ResourceQuota).status?.used), document);
    if (used === undefined) return false;
    put(childObject(quota, 'status'), 'used', fromAmounts(used));
    try {
      await env.store.update(document.key, toStoredText(quota), document.version);
      return true;
    } catch (error) {
      if (!isStoreError(error, 'conflict', 'missing')) throw error;
      document = error.current;
    }
  }
  return false;
}

/** Of the names a quota has, what is left after taking `amounts` away. */
function minus(used: Amounts, amounts: Amounts): Amounts {
  const left = moreThan(used, amounts);
  return addAmounts(new Map([...used].map(([name, amount]) => [name, { ...amount, nano: 0n }])), left);
}
