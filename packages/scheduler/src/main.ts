/** The scheduler: one of several runs, the holder of a Lease. */
import type { Clock, Logger, Random } from '@skiff/api';
import { type Client, createEventRecorder, createInformerFactory, runWhileLeading } from '@skiff/client';
import { schedulerName } from './loop/changes.ts';
import { runLoop } from './loop/scheduler.ts';

export interface SchedulerConfig {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Unique among the replicas. */
  readonly identity: string;
  /** False only where there is one scheduler. */
  readonly leaderElect: boolean;
}

/** Runs until the signal aborts, or rejects when leadership is lost. */
export async function runScheduler(config: SchedulerConfig, signal: AbortSignal): Promise<void> {
  const recorder = createEventRecorder({ ...config, component: schedulerName });
  const lead = async (leading: AbortSignal): Promise<void> => {
    const informers = createInformerFactory(config);
    try {
      await runLoop({ ...config, informers, recorder }, leading);
    } finally {
      await informers.stop();
    }
  };
  if (!config.leaderElect) return lead(signal);
  await runWhileLeading(
    { ...config, recorder, lease: { namespace: 'kube-system', name: 'kube-scheduler' } },
    lead,
    signal,
  );
}
