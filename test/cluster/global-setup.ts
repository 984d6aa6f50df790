/** Starts the one cluster that all end-to-end and conformance tests share, and takes it down with a look at what was left behind. */
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { Cluster, type ClusterPlace, repository } from './cluster.ts';
import { leftovers } from './leftovers.ts';
import { placeFrom } from './place.ts';
import { unpackTools } from './tools.ts';

declare module 'vitest' {
  interface ProvidedContext {
    place: ClusterPlace;
  }
}

export const toolsFolder = join(repository, 'node_modules', '.cache', 'skiff-tools');

const place = placeFrom(process.env);

/** Every vitest project runs a copy of this module: what they share hangs on the process. */
const shared = globalThis as { skiffTestCluster?: Promise<() => Promise<void>> };

/** The first project of a run starts the cluster, and takes it down when all are through. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const isFirst = shared.skiffTestCluster === undefined;
  shared.skiffTestCluster ??= start();
  const stop = await shared.skiffTestCluster;
  project.provide('place', place);
  return isFirst ? stop : undefined;
}

async function start(): Promise<() => Promise<void>> {
  const cluster = new Cluster(place, await unpackTools(toolsFolder));
  // What an interrupted run left.
  await cluster.down();
  const started = performance.now();
  await cluster.up();
  console.log(`three nodes Ready after ${seconds(started)} s (images not counted)`);
  const warm = performance.now();
  const again = await cluster.up();
  console.log(`up again, nothing to do: ${seconds(warm)} s`);
  if (!again.stdout.includes('nothing was changed'))
    throw new Error(`a second \`up\` changed something:\n${again.stderr}`);
  await loadImages(cluster);
  return async () => {
    // Taking down has to work after a crash too: pods run on without their engine here.
    for (const daemon of ['apiserver', 'agent-node-1', 'docker-node-1']) await cluster.kill(daemon);
    const stopping = performance.now();
    await cluster.down();
    console.log(`down after a crash: ${seconds(stopping)} s`);
    const left = await leftovers(place);
    if (left.length > 0) throw new Error(`the cluster left traces:\n${left.join('\n')}`);
  };
}

async function loadImages(cluster: Cluster): Promise<void> {
  const recipes = ['examples/busybox', 'examples/guestbook/images/store', 'examples/guestbook/images/web'].map(
    (folder) => join(repository, folder, 'image.yaml'),
  );
  const started = performance.now();
  const built = await cluster.skiff('image', 'build', '--state', place.stateDir, ...recipes);
  if (built.exitCode !== 0) throw new Error(built.stderr);
  const loaded = await cluster.skiff(
    'image',
    'load',
    '--state',
    place.stateDir,
    'skiff/busybox:1',
    'skiff/guestbook-store:1',
    'skiff/guestbook-web:1',
  );
  if (loaded.exitCode !== 0) throw new Error(loaded.stderr);
  console.log(`images built and loaded into ${place.nodes} nodes: ${seconds(started)} s`);
}

const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);
