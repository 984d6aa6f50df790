/**
 * What every request passes before the registry sees it, whichever door it came through: a written-out list of steps,
 * in order, each a plain call. Admission is the registry's own, since it needs the decoded object.
 */
import { ApiError, type Clock } from '@skiff/api';
import type { RequestContext, UserInfo } from '../registry/contract.ts';
import { type Attributes, type Authoriser, forbiddenError } from './attributes.ts';
import { type Authenticate, anonymous, type Credentials, unauthorized } from './authenticate.ts';
import type { Classification, FlowControl } from './flow/flow-control.ts';
import { type Impersonation, impersonate } from './impersonate.ts';

/** Upper bound of one request that is not long-running (kube-apiserver's --request-timeout). */
export const requestTimeoutMs = 60_000;

/** A request as a door hands it in. */
export interface Call {
  readonly credentials: Credentials;
  readonly impersonation: Impersonation | undefined;
  readonly attributes: Attributes;
  /** A watch or a stream: no deadline; counted for each user. */
  readonly longRunning: boolean;
  /** What it costs (`seatsFor`), absent: 1. */
  readonly seats?: number;
  /** At most `requestTimeoutMs`; ignored for a long-running call. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Aborts when the client is gone or the server ends. */
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  /** Told where flow control puts it; absent: nobody asks. */
  readonly classified?: (classification: Classification) => void;
}

export interface ChainParts {
  readonly clock: Clock;
  readonly authenticate: Authenticate;
  readonly authoriser: Authoriser;
  readonly flowControl: FlowControl;
}

/** Takes a call through all steps and then runs `handle`. Throws what a step or `handle` throws: an ApiError for the caller. */
export type Chain = <T>(call: Call, handle: (context: RequestContext) => Promise<T>) => Promise<T>;

/** A request may spend this part of its time waiting. */
const waitPart = 4;

export function createChain(parts: ChainParts): Chain {
  const authorise = async (user: UserInfo, attributes: Attributes): Promise<void> => {
    const decision = await parts.authoriser.decide(user, attributes);
    if (decision.verdict === 'allow') return;
    // Whoever has shown nothing is told to, and learns nothing of what there is (KEP-4633).
    throw user === anonymous ? unauthorized() : forbiddenError(user, attributes, decision.reason);
  };

  return async (call, handle) => {
    const deadline = startDeadline(call, parts.clock);
    try {
      const authenticated = await parts.authenticate(call.credentials, deadline.signal);
      const user =
        call.impersonation === undefined
          ? authenticated
          : await impersonate(authenticated, call.impersonation, authorise);
      await authorise(user, call.attributes);
      const leave = await enter(parts.flowControl, call, user, deadline.signal);
      try {
        return await handle({ user, userAgent: call.userAgent, signal: deadline.signal, warn: call.warn });
      } finally {
        leave();
      }
    } catch (error) {
      throw deadline.passed() ? timeout() : error;
    } finally {
      deadline.end();
    }
  };
}

/** A watch takes its seat while it starts; other streams take none. */
async function enter(flowControl: FlowControl, call: Call, user: UserInfo, signal: AbortSignal): Promise<() => void> {
  const { attributes, longRunning, classified, seats = 1 } = call;
  const isWatch = longRunning && attributes.verb === 'watch';
  const waitMs = (longRunning ? requestTimeoutMs : Math.min(call.timeoutMs, requestTimeoutMs)) / waitPart;
  if (!longRunning) return flowControl.enter({ user, attributes, seats, waitMs, signal, classified });
  if (isWatch) (await flowControl.enter({ user, attributes, seats, waitMs, signal, classified }))();
  return flowControl.enterLongRunning(user.name);
}

const timeout = (): ApiError =>
  new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout', { retryAfterSeconds: 0 });

interface Deadline {
  readonly signal: AbortSignal;
  passed(): boolean;
  end(): void;
}

/** A signal that aborts with the caller's, or when the time is up. */
function startDeadline(call: Call, clock: Clock): Deadline {
  if (call.longRunning) return { signal: call.signal, passed: () => false, end: () => {} };
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(call.signal.reason);
  if (call.signal.aborted) onAbort();
  call.signal.addEventListener('abort', onAbort, { once: true });
  let passed = false;
  const timer = clock.after(Math.min(call.timeoutMs, requestTimeoutMs), () => {
    passed = true;
    controller.abort(timeout());
  });
  return {
    signal: controller.signal,
    passed: () => passed,
    end: () => {
      timer.cancel();
      call.signal.removeEventListener('abort', onAbort);
    },
  };
}
