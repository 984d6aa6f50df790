/** A scheduler on a cluster in memory, and what came of it. */
import { type Pod, resources } from '@skiff/api';
import {
  createKeepingLogger,
  type Interceptor,
  intercept,
  type Part,
  settle,
  type TestCluster,
} from '@skiff/client/testing';
import { afterEach, expect } from 'vitest';
import { runScheduler } from '../main.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

export function start(cluster: TestCluster, interceptor: Interceptor = {}, leaderElect = false) {
  const logger = createKeepingLogger();
  const abort = new AbortController();
  const { clock, random } = cluster;
  const client = intercept(cluster.client, interceptor);
  const ended = runScheduler(
    { client, clock, random, logger, identity: `s${stops.length}`, leaderElect },
    abort.signal,
  );
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    abort.abort(new Error('stopped'));
    await ended;
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  };
  stops.push(stop);
  return { logger, stop, ended };
}

export const important = (priority: number): Part<Pod> => ({ spec: { priority } });
export const get = (cluster: TestCluster, name: string): Pod | undefined =>
  cluster.all(resources.pods).find(({ metadata }) => metadata.name === name);
export const where = (cluster: TestCluster): Record<string, string | undefined> =>
  Object.fromEntries(cluster.all(resources.pods).map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
export const events = (cluster: TestCluster, reason: string): [string, string][] =>
  cluster
    .all(resources.events)
    .filter((event) => event.reason === reason)
    .map((event) => [event.involvedObject.name ?? '', event.message ?? '']);
export const scheduled = (one: Pod | undefined) => one?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
/** What the node's agent does with a pod that is to go. */
export async function reap(cluster: TestCluster): Promise<void> {
  for (const { metadata } of cluster.all(resources.pods))
    if (metadata.deletionTimestamp !== undefined)
      await cluster.client.resource(resources.pods).delete('default', metadata.name, { gracePeriodSeconds: 0 });
  await settle();
}
