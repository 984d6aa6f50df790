/** Runs the admission steps over one write: those that change it in order, later those that only judge. */
import type { JsonObject } from '@skiff/api';
import type { AdmissionRequest, RequestContext, Target } from './contract.ts';
import type { Kind } from './definition-table.ts';
import type { Env } from './env.ts';

export interface Admitting {
  readonly context: RequestContext;
  readonly target: Target;
  readonly kind: Kind;
  readonly operation: AdmissionRequest['operation'];
  readonly dryRun: boolean;
}

const requestOf = (
  admitting: Admitting,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): AdmissionRequest => ({
  context: admitting.context,
  operation: admitting.operation,
  target: admitting.target,
  definition: admitting.kind.definition,
  object,
  oldObject,
  dryRun: admitting.dryRun,
});

/** Lets every step change `object` in place. Throws what a step throws. */
export async function admitMutating(
  env: Env,
  admitting: Admitting,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): Promise<void> {
  const request = requestOf(admitting, object, oldObject);
  for (const step of env.admission) if (step.mutate !== undefined) await step.mutate(request);
}

/** Throws what the first step that refuses throws. */
export async function admitValidating(
  env: Env,
  admitting: Admitting,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): Promise<void> {
  const request = requestOf(admitting, object, oldObject);
  for (const step of env.admission) if (step.validate !== undefined) await step.validate(request);
}
