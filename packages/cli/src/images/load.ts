/** Puts a built image into engines, sending only the layers an engine does not hold. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../local/run.ts';
import { type BuiltImage, layerPath } from './store.ts';

export interface LoadResult {
  /** Layers sent; 0 with `unchanged` false means that only the name was new. */
  readonly layersSent: number;
  readonly layersPresent: number;
  /** The engine had exactly this image under this name. */
  readonly unchanged: boolean;
  /** The name pointed at another image before. */
  readonly moved: boolean;
}

/** Loads `image` from the store in `dir` into the engine at `socket`. */
export async function loadImage(dir: string, image: BuiltImage, socket: string): Promise<LoadResult> {
  const engine = ['-H', `unix://${socket}`];
  const configText = JSON.stringify(image.config);
  const id = `sha256:${createHash('sha256').update(configText).digest('hex')}`;
  const held = await heldImages(engine);
  const before = held.find((one) => one.names.includes(image.name));
  const diffIds = image.config.rootfs.diff_ids;
  if (before?.id === id) return { layersSent: 0, layersPresent: diffIds.length, unchanged: true, moved: false };

  const present = presentLayers(
    diffIds,
    held.map((one) => one.layers),
  );
  const work = await mkdtemp(join(dir, 'load-'));
  try {
    await writeArchive(work, dir, image, configText, present);
    const archive = join(work, 'image.tar');
    await run('tar', ['--create', '--dereference', '--file', archive, '--directory', join(work, 'root'), '.']);
    await run('docker', [...engine, 'load', '--quiet', '--input', archive]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return {
    layersSent: diffIds.length - present,
    layersPresent: present,
    unchanged: false,
    moved: before !== undefined,
  };
}

/**
 * How many of the first layers an engine holds. An engine files a layer under its chain (it and all below it), so a layer
 * counts only when some image begins with the same layers up to it.
 */
export function presentLayers(wanted: readonly string[], held: readonly (readonly string[])[]): number {
  let most = 0;
  for (const layers of held) {
    let count = 0;
    while (count < wanted.length && layers[count] === wanted[count]) count += 1;
    most = Math.max(most, count);
  }
  return most;
}

/** Docker's archive format (`docker save`). The engine opens a layer's file only when it does not hold the layer. */
async function writeArchive(
  work: string,
  dir: string,
  image: BuiltImage,
  configText: string,
  present: number,
): Promise<void> {
  const root = join(work, 'root');
  await mkdir(root);
  const files = image.config.rootfs.diff_ids.map((_, index) => `layer-${index}.tar`);
  await writeFile(join(root, 'config.json'), configText);
  await writeFile(
    join(root, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: [image.name], Layers: files }]),
  );
  for (const [index, diffId] of image.config.rootfs.diff_ids.entries()) {
    const target = join(root, files[index] ?? '');
    if (index < present) await writeFile(target, '');
    // A hard link would change the layer file under a reader that loads it into another node.
    else await symlink(layerPath(dir, diffId), target);
  }
}

interface HeldImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

async function heldImages(engine: readonly string[]): Promise<HeldImage[]> {
  const ids = (await run('docker', [...engine, 'image', 'ls', '--all', '--quiet', '--no-trunc']))
    .split('\n')
    .filter((id) => id !== '');
  if (ids.length === 0) return [];
  const text = await run('docker', [...engine, 'image', 'inspect', ...new Set(ids)]);
  const images = JSON.parse(text) as { Id: string; RepoTags: string[] | null; RootFS: { Layers?: string[] } }[];
  return images.map((image) => ({ id: image.Id, names: image.RepoTags ?? [], layers: image.RootFS.Layers ?? [] }));
}
