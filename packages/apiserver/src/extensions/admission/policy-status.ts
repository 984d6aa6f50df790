/** Keeps the status of policies: which generation was looked at, and what its expressions get wrong about the kinds they are for. */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import { follow, type LiveCollection } from '../../chain/live.ts';
import { numberAt, textAt } from '../../patch/values.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { systemContext } from '../../registry/system-context.ts';
import { createWakeUp } from '../signal.ts';
import type { PolicySpec } from './policy.ts';
import { expressionWarnings } from './type-check.ts';

export interface PolicyStatusOptions {
  readonly registry: ExtensibleRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

const collection = { group: 'admissionregistration.k8s.io', version: 'v1', resource: 'validatingadmissionpolicies' };
const fieldManager = 'validatingadmissionpolicy-status';
const retryMs = 1000;

/** Resolves when the signal has aborted. */
export async function keepPolicyStatus(options: PolicyStatusOptions, signal: AbortSignal): Promise<void> {
  const { registry, clock, logger } = options;
  const wake = createWakeUp();
  const live: LiveCollection<JsonObject> = follow({
    ...{ registry, clock, logger, signal, collection },
    project: (object) => object,
    onChange: wake.call,
  });
  while (!signal.aborted) {
    await wake.wait(signal);
    for (const policy of live.objects.values()) {
      try {
        await report(registry, policy, signal);
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ err: error }, 'keeping the status of an admission policy failed; trying again');
        await clock.sleep(retryMs, signal).catch(() => {});
        wake.call();
      }
    }
  }
  await live.done;
}

/** Once for each generation: kinds that come later change nothing. */
async function report(registry: ExtensibleRegistry, policy: JsonObject, signal: AbortSignal): Promise<void> {
  const generation = numberAt(policy, 'metadata', 'generation') ?? 0;
  if ((numberAt(policy, 'status', 'observedGeneration') ?? 0) >= generation) return;
  const warnings = expressionWarnings((policy.spec ?? {}) as PolicySpec, registry.definitions());
  const name = textAt(policy, 'metadata', 'name');
  const patch: JsonObject = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, uid: textAt(policy, 'metadata', 'uid') },
    status: {
      observedGeneration: generation,
      typeChecking: warnings.length === 0 ? {} : { expressionWarnings: warnings.map((each) => ({ ...each })) },
    },
  };
  const target = { ...collection, namespace: '', name, subresource: 'status' };
  await registry
    .patch(
      systemContext(signal),
      target,
      { type: 'apply', patch, duplicates: [], force: true },
      { dryRun: false, fieldManager, fieldValidation: 'Ignore' },
    )
    .catch((error: unknown) => {
      // Another object of the name, or none: that change brings its own round.
      if (!isReason(error, 'NotFound', 'Conflict')) throw error;
    });
}
