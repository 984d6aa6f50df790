/** A simulation from the command's side: a token, the processes, the pods. */
import { type Clock, isReason, type Logger, resources } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import { createBootstrapToken } from '../local/bootstrap-token.ts';
import { createBoundPods } from './bound-pods.ts';
import { runProcesses } from './processes.ts';
import { type Fleet, shares } from './shares.ts';

export interface Plan {
  readonly fleet: Omit<Fleet, 'token'>;
  readonly processes: number;
  readonly podsPerNode: number;
  readonly namespace: string;
}

export interface SimulateDeps {
  readonly client: SkiffClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A node shows the token once, in the first minutes. */
const tokenLifeMs = 3_600_000;

/** Runs until the signal aborts; rejects when one of the processes ends before. */
export async function simulate(
  plan: Plan,
  { client, clock, logger }: SimulateDeps,
  signal: AbortSignal,
): Promise<void> {
  const { fleet, podsPerNode, namespace } = plan;
  const beganMs = clock.now();
  const token = await createBootstrapToken(client, beganMs + tokenLifeMs);
  const deleteToken = async (): Promise<void> => {
    const [id] = token.split('.');
    await client
      .resource(resources.secrets)
      .delete('kube-system', `bootstrap-token-${id}`)
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) logger.warn({ err: error }, 'the bootstrap token was not deleted');
      });
  };
  let ready = 0;
  const all = Promise.withResolvers<void>();
  const running = runProcesses(
    shares({ ...fleet, token }, plan.processes),
    () => {
      ready += 1;
      if (ready % 500 === 0) logger.info({ ready, of: fleet.count }, 'nodes are Ready');
      if (ready === fleet.count) all.resolve();
    },
    signal,
  );
  const seconds = (): number => (clock.now() - beganMs) / 1000;
  const prepare = async (): Promise<void> => {
    await all.promise;
    await deleteToken();
    logger.info({ nodes: fleet.count, seconds: seconds() }, 'all simulated nodes are Ready');
    if (podsPerNode === 0) return;
    await createBoundPods({ client, fleet, podsPerNode, namespace }, signal);
    logger.info({ pods: fleet.count * podsPerNode, seconds: seconds() }, 'all pods are made');
  };
  try {
    // Preparing ends before the running does, unless it fails or the running ends early.
    await Promise.race([running, prepare().then(() => running)]);
    await running;
  } finally {
    if (ready < fleet.count) await deleteToken();
  }
}
