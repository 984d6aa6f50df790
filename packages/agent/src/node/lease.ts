/** The node's sign of life: its Lease in kube-node-lease, renewed every quarter of its duration as kubelet does. */
import {
  type Clock,
  type Draft,
  formatMicroTime,
  isReason,
  type Lease,
  type Logger,
  type Node,
  type Random,
  resources,
} from '@skiff/api';
import type { Client } from '@skiff/client';

export const leaseNamespace = 'kube-node-lease';
export const leaseDurationSeconds = 40;
const renewEveryMs = (leaseDurationSeconds * 1000) / 4;
/** So that nodes which started together do not come together for ever (kubelet's lease controller). */
const jitter = 0.04;
const retryMs = 1000;

/** The Lease as it should be now. Pure. */
export const nodeLease = (node: Node, nowMs: number): Draft<Lease> => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: {
    name: node.metadata.name,
    namespace: leaseNamespace,
    ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid }],
  },
  spec: { holderIdentity: node.metadata.name, leaseDurationSeconds, renewTime: formatMicroTime(nowMs) },
});

/** Until the signal aborts; `node` is asked each time, for it may have been made anew. A renewal that fails is tried again soon: four misses and the node counts as lost. */
export async function keepLease(
  client: Client,
  node: () => Node,
  { clock, random, logger }: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let held: Lease | undefined;
  while (!signal.aborted) {
    let waitMs = renewEveryMs * (1 + jitter * random());
    try {
      held = await renew(client, node(), held, clock.now(), signal);
    } catch (error) {
      if (signal.aborted) return;
      held = undefined;
      waitMs = retryMs;
      logger.warn({ err: error, node: node().metadata.name }, 'the node lease was not renewed');
    }
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}

/** Without `held` it looks first what there is. Throws Conflict when somebody else wrote it meanwhile. */
async function renew(
  client: Client,
  node: Node,
  held: Lease | undefined,
  nowMs: number,
  signal: AbortSignal,
): Promise<Lease> {
  const leases = client.resource(resources.leases);
  const wanted = nodeLease(node, nowMs);
  const found =
    held ??
    (await leases.get(leaseNamespace, node.metadata.name).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }));
  if (found === undefined) return leases.create(wanted, { signal });
  const { ownerReferences = [] } = wanted.metadata;
  const metadata = { ...found.metadata, ownerReferences };
  return leases.update({ ...found, metadata, spec: { ...found.spec, ...wanted.spec } }, { signal });
}
