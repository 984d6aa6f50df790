/** Runs the admission steps over one request: those that change it in order, once more when one asks for it, later those that only judge. */
import type { JsonObject } from '@skiff/api';
import type { AdmissionRequest, AdmissionStep, RequestContext, Rounds, Target } from './contract.ts';
import type { Decodable } from './decode.ts';
import type { Kind } from './definition-table.ts';
import type { Env } from './env.ts';

export interface Admitting {
  readonly context: RequestContext;
  readonly target: Target;
  readonly kind: Kind;
  readonly operation: AdmissionRequest['operation'];
  readonly options: AdmissionRequest['options'];
  readonly dryRun: boolean;
  /** Absent: the objects are of the kind. */
  readonly part?: Decodable;
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
  options: admitting.options,
  dryRun: admitting.dryRun,
  ...(admitting.part === undefined ? {} : { part: admitting.part }),
});

/** Lets every step change `object` in place. Throws what a step throws. */
export async function admitMutating(
  env: Env,
  admitting: Admitting,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): Promise<void> {
  const request = requestOf(admitting, object, oldObject);
  const second = new Map<AdmissionStep, () => Promise<void>>();
  let running: AdmissionStep;
  const rounds: Rounds = { again: (run) => void second.set(running, run) };
  // By number: an iterator across an await costs an object a step.
  for (let index = 0; index < env.admission.length; index += 1) {
    running = env.admission[index] as AdmissionStep;
    const working = running.mutate?.(request, rounds);
    if (working !== undefined) await working;
  }
  if (second.size === 0) return;
  for (const step of env.admission) await (second.get(step)?.() ?? step.mutate?.(request, lastRound));
}

const lastRound = { again: () => {} };

/** Throws what the first step that refuses throws. */
export async function admitValidating(
  env: Env,
  admitting: Admitting,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): Promise<void> {
  const request = requestOf(admitting, object, oldObject);
  for (let index = 0; index < env.admission.length; index += 1) {
    const working = env.admission[index]?.validate?.(request);
    if (working !== undefined) await working;
  }
}
