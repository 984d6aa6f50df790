/** What must exist before anyone can use a cluster: namespaces, roles, the API server's own Service. Made at start where it is missing. */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import type { Registry, Target } from '../registry/contract.ts';
import { identityOf, internalContext } from './live.ts';
import { bootstrapBindings, bootstrapRoles } from './rbac/bootstrap-roles.ts';

export interface BootstrapParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const namespaces = ['kube-system', 'kube-public', 'kube-node-lease', 'default'];

interface Wanted {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly object: JsonObject;
}

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };

const wanted = (): readonly Wanted[] => [
  ...namespaces.map((name) => ({
    group: '',
    version: 'v1',
    resource: 'namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  })),
  ...bootstrapRoles.map((object) => ({ ...rbac, resource: 'clusterroles', object })),
  ...bootstrapBindings.map((object) => ({ ...rbac, resource: 'clusterrolebindings', object })),
];

const targetOf = ({ group, version, resource, object }: Wanted): Target => ({
  group,
  version,
  resource,
  ...identityOf(object),
  subresource: '',
});

const writeOptions = { dryRun: false, fieldManager: 'skiff-apiserver', fieldValidation: 'Ignore' } as const;

/** Creates one object; true when it was missing. Several servers may start at once: losing the race is as good as winning it. */
export async function createMissing(parts: BootstrapParts, one: Wanted): Promise<boolean> {
  const target = targetOf(one);
  const context = internalContext(parts.signal);
  try {
    await parts.registry.get(context, target, { resourceVersion: '' });
    return false;
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
  try {
    const body = { document: structuredClone(one.object), duplicates: [] };
    await parts.registry.create(context, { ...target, name: '' }, body, writeOptions);
    return true;
  } catch (error) {
    if (isReason(error, 'AlreadyExists')) return false;
    throw error;
  }
}

const retryMs = 1000;

/** Tries until all of it is there. Resolves then; rejects when the signal aborts. */
export async function bootstrap(parts: BootstrapParts): Promise<void> {
  let made = 0;
  for (const one of wanted()) {
    for (;;) {
      try {
        if (await createMissing(parts, one)) made++;
        break;
      } catch (error) {
        parts.signal.throwIfAborted();
        const { namespace, name } = identityOf(one.object);
        parts.logger.warn(
          { err: error, resource: one.resource, namespace, name },
          'bootstrapping failed; trying again',
        );
        await parts.clock.sleep(retryMs, parts.signal);
      }
    }
  }
  if (made > 0) parts.logger.info({ objects: made }, 'made what a new cluster needs');
}
