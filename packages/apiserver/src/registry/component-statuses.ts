/** ComponentStatuses: deprecated since v1.19, and still what `kubectl get cs` asks for. A component is healthy while one renews its lease. */
import { type Clock, type JsonObject, parseTime } from '@skiff/api';
import { textAt } from '../patch/values.ts';
import type { RequestContext, Target } from './contract.ts';
import { parseText } from './documents.ts';
import { collectionOf, type Env, type VirtualKind } from './env.ts';

const leaseNamespace = 'kube-system';
const leaseOf: ReadonlyMap<string, string> = new Map([
  ['controller-manager', 'kube-controller-manager'],
  ['scheduler', 'kube-scheduler'],
]);
const storeName = 'etcd-0';
/** A leader renews every few seconds; one that is this late has lost its lease. */
const goneAfterMs = 30_000;
const storeWithinMs = 2000;

/** Healthy unless there is a fault. */
const component = (name: string, fault: string | undefined): JsonObject => ({
  ...{ kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name } },
  conditions: [
    {
      type: 'Healthy',
      ...(fault === undefined ? { status: 'True', message: 'ok' } : { status: 'False', error: fault }),
    },
  ],
});

/** What is wrong with a leader whose lease this is. */
export function leaseFault(lease: JsonObject | undefined, clock: Clock): string | undefined {
  if (lease === undefined) return 'no lease: it has never run';
  if (textAt(lease, 'spec', 'holderIdentity') === '') return 'nobody holds its lease';
  const renewed = textAt(lease, 'spec', 'renewTime');
  const lateMs = clock.now() - (parseTime(renewed) ?? 0);
  return lateMs < goneAfterMs ? undefined : `its lease was renewed last at ${renewed}`;
}

export function componentStatusKind(env: Env): VirtualKind {
  const lease = (name: string): JsonObject | undefined => {
    const kind = env.table.find({ group: 'coordination.k8s.io', version: 'v1', resource: 'leases' });
    const found = kind && collectionOf(env, kind).list({ namespace: leaseNamespace, name }).documents[0];
    return found && parseText(found.text);
  };

  const storeFault = async (signal: AbortSignal): Promise<string | undefined> => {
    const late = new AbortController();
    const timer = env.clock.after(storeWithinMs, () => late.abort());
    try {
      await env.store.revision(AbortSignal.any([signal, late.signal]));
      return undefined;
    } catch {
      return 'the store does not answer';
    } finally {
      timer.cancel();
    }
  };

  const read = async (context: RequestContext, target: Target): Promise<JsonObject[]> => {
    context.warn('v1 ComponentStatus is deprecated in v1.19+');
    const asked = [storeName, ...leaseOf.keys()].sort().filter((name) => target.name === '' || name === target.name);
    return Promise.all(
      asked.map(async (name) =>
        component(
          name,
          name === storeName ? await storeFault(context.signal) : leaseFault(lease(leaseOf.get(name) ?? ''), env.clock),
        ),
      ),
    );
  };

  return {
    ...{ group: '', resource: 'componentstatuses' },
    get: async (context, target) => (await read(context, target))[0],
    list: read,
  };
}
