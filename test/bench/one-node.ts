/** A whole cluster of one node as `skiff up` makes it, for the benches of what all processes do together. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster, repository } from '../cluster/cluster.ts';
import { toolsFolder } from '../cluster/global-setup.ts';
import { placeFrom } from '../cluster/place.ts';
import { unpackTools } from '../cluster/tools.ts';
import type { BenchServer } from './server.ts';

/** As `SKIFF_TEST_NAME`, `_SUBNET` and `_PORT` say, and by default apart from the tests' cluster. */
const defaults = { SKIFF_TEST_NAME: 'bench', SKIFF_TEST_SUBNET: '10.92.0', SKIFF_TEST_PORT: '16843' };

export const image = 'skiff/busybox:1';

export interface OneNode extends Pick<BenchServer, 'grpc' | 'admin'> {
  readonly cluster: Cluster;
  stop(): Promise<void>;
}

/** Takes down what an interrupted run left, and starts. */
export async function startOneNode(): Promise<OneNode> {
  const place = { ...placeFrom({ ...defaults, ...process.env }), nodes: 1 };
  const cluster = new Cluster(place, await unpackTools(toolsFolder));
  await cluster.down();
  await cluster.up();
  const read = (file: string): Promise<string> => readFile(join(place.stateDir, 'pki', file), 'utf8');
  return {
    cluster,
    grpc: `127.0.0.1:${place.grpcPort}`,
    admin: { ca: await read('ca.crt'), cert: await read('admin.crt'), key: await read('admin.key') },
    stop: async () => void (await cluster.down()),
  };
}

/** Builds the image that the tests use, and loads it into the node. */
export async function loadImage({ cluster }: OneNode): Promise<void> {
  const { stateDir } = cluster.place;
  const recipe = join(repository, 'examples', 'busybox', 'image.yaml');
  for (const args of [
    ['build', '--state', stateDir, recipe],
    ['load', '--state', stateDir, image],
  ]) {
    const { exitCode, stderr } = await cluster.skiff('image', ...args);
    if (exitCode !== 0) throw new Error(stderr);
  }
}
