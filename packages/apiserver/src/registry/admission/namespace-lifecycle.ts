/** NamespaceLifecycle: nothing is made in a namespace that is not there or on its way out; three namespaces cannot go. */
import { ApiError, forbidden, type JsonObject, notFound } from '@skiff/api';
import { textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep, Target } from '../contract.ts';
import type { Env } from '../env.ts';
import { readCached, readLive } from '../reader.ts';

const namespaces = { group: '', version: 'v1', resource: 'namespaces' };
const immortal = ['default', 'kube-system', 'kube-public'];

export function namespaceLifecycle(env: Env): AdmissionStep {
  return {
    name: 'NamespaceLifecycle',
    mutate(request) {
      const { operation, target } = request;
      const isNamespace = target.group === '' && target.resource === 'namespaces';
      if (isNamespace && operation === 'DELETE' && immortal.includes(target.name)) {
        throw forbidden(target, target.name, 'this namespace may not be deleted');
      }
      if (operation !== 'CREATE' || isNamespace || target.namespace === '' || isAccessReview(request)) return;
      const cached = readCached(env, namespaces, '', target.namespace);
      // The cache may lag behind a namespace that was just made.
      if (cached === undefined) return requireLive(env, target);
      requireStaying(cached, target);
    },
  };
}

/** One may ask about a namespace that is not there. */
const isAccessReview = ({ target }: AdmissionRequest): boolean =>
  target.group === 'authorization.k8s.io' && target.resource === 'localsubjectaccessreviews';

async function requireLive(env: Env, target: Target): Promise<void> {
  const found = await readLive(env, namespaces, '', target.namespace);
  if (found === undefined) throw notFound(namespaces, target.namespace);
  requireStaying(found, target);
}

function requireStaying(namespace: JsonObject, target: Target): void {
  const isTerminating =
    textAt(namespace, 'metadata', 'deletionTimestamp') !== '' || textAt(namespace, 'status', 'phase') === 'Terminating';
  if (isTerminating) throw terminating(target, target.namespace);
}

function terminating(target: Target, namespace: string): ApiError {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const error = forbidden(target, target.name, why);
  return new ApiError('Forbidden', error.message, {
    ...error.status.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
