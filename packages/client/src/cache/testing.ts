/** An informer of a cluster's pods, and what its handlers were told. */
import { type Pod, resources } from '@skiff/api';
import { afterEach } from 'vitest';
import type { Change, Informer, InformerOptions } from '../contract.ts';
import { createKeepingLogger, createSeededRandom, type TestCluster } from '../testing/index.ts';
import { createInformerFactory } from './factory.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** An informer of the cluster's pods, with what its handler was told. */
export function inform(cluster: TestCluster, options: InformerOptions<Pod> = {}, client = cluster.client, seed = 1) {
  const logger = createKeepingLogger();
  const factory = createInformerFactory({
    client,
    clock: cluster.clock,
    random: createSeededRandom(seed),
    logger,
    freeze: true,
  });
  stops.push(() => factory.stop());
  const informer = factory.informer(resources.pods, options);
  const told = tell(informer);
  return { factory, informer, told, logger };
}

export function tell(informer: Informer<Pod>): string[] {
  const told: string[] = [];
  informer.onChange((change) => told.push(show(change)));
  return told;
}

export const show = ({ type, object, old }: Change<Pod>): string =>
  `${type} ${object.metadata.name}@${old === undefined ? '' : `${old.metadata.resourceVersion}>`}${object.metadata.resourceVersion}`;
export const names = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.name).sort();
export const touch = (cluster: TestCluster, name: string, value: string): Promise<Pod> =>
  cluster.client.resource(resources.pods).patch('default', name, 'merge', { metadata: { labels: { touched: value } } });
export const minute = 60_000;
