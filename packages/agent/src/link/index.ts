/**
 * The agent's side of skiff.v1.Nodes.Link: one stream to each API server, kept for as long as the agent lives. Everything that the
 * control plane asks of a node comes down it: logs, exec, attach, port forwarding, usage.
 */
import type { Clock, Logger, Random } from '@skiff/api';
import type { LinkDown, LinkUp } from '@skiff/api/wire';
import type { Duplex } from '@skiff/client';
import type { Runtime } from '../runtime/contract.ts';
import { backoffMs, steadyAfterMs } from './backoff.ts';
import type { PodDial } from './forward.ts';
import { keepLink } from './link.ts';
import type { PodLookup } from './logs.ts';
import { serve } from './serve.ts';
import { createStats } from './stats.ts';
import type { HostSample } from './usage.ts';

export type { PodDial, PodPlace } from './forward.ts';
export { readHostUsage } from './host-usage.ts';
export type { PodLookup } from './logs.ts';
export { createNetnsDialer, type NetnsDialer } from './netns-dialer.ts';
export type { HostSample } from './usage.ts';

/** One API server, by a client of its own: `connect({ endpoints: [endpoint], … }).nodes.link`. */
export interface LinkServer {
  readonly endpoint: string;
  readonly open: (signal: AbortSignal) => Duplex<LinkUp, LinkDown>;
}

export interface LinkDeps {
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly servers: readonly LinkServer[];
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  readonly dial: PodDial;
  readonly host: () => Promise<HostSample>;
  readonly pages: (path: string) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Keeps a link to every server until the signal aborts; returns when all streams have ended. Never throws. */
export async function runLink(deps: LinkDeps, signal: AbortSignal): Promise<void> {
  const stats = createStats(deps);
  await Promise.all(deps.servers.map((server) => keepLinked({ ...deps, stats }, server, signal)));
}

async function keepLinked(
  deps: LinkDeps & { readonly stats: () => Promise<object> },
  { endpoint, open }: LinkServer,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = deps;
  const logger = deps.logger.child({ endpoint });
  const serving = new Set<Promise<void>>();
  let failures = 0;
  while (!signal.aborted) {
    const openedMs = clock.now();
    let heard = false;
    const onHeard = (): void => {
      if (!heard) logger.info({}, 'linked to the API server');
      heard = true;
    };
    const onServing = (done: Promise<void>): void => {
      serving.add(done);
      void done.then(() => serving.delete(done));
    };
    try {
      const one = { ...deps, onHeard, onServing };
      await keepLink({ ...one, serve: (conversation, what) => serve(deps, conversation, what) }, open(signal));
    } catch (error) {
      logger.warn({ err: error }, 'the link to the API server failed');
    }
    failures = heard && clock.now() - openedMs >= steadyAfterMs ? 0 : failures + 1;
    // Rejects only when the agent ends.
    await clock.sleep(backoffMs(failures, random()), signal).catch(() => {});
  }
  await Promise.all(serving);
}
