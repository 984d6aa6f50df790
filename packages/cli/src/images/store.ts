/**
 * Built images on this machine: `<dir>/layers/<digest>.tar` and `<dir>/<name>.json`. A layer is named by the sha256 of its
 * uncompressed tar (Docker's diff id), so equal layers are one file.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The OCI image configuration, as far as it is used. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: 'linux';
  readonly config: Readonly<Record<string, unknown>>;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] };
}

export interface BuiltImage {
  readonly name: string;
  readonly config: ImageConfig;
}

export const layerPath = (dir: string, diffId: string): string =>
  join(dir, 'layers', `${diffId.replace('sha256:', '')}.tar`);

const imagePath = (dir: string, name: string): string => join(dir, `${name.replaceAll(/[/:]/g, '_')}.json`);

export async function saveImage(dir: string, image: BuiltImage): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(imagePath(dir, image.name), JSON.stringify(image));
}

/** Throws with the names there are when `name` is not one. A name without a tag means `:latest`, as Docker's do. */
export async function readImage(dir: string, name: string): Promise<BuiltImage> {
  const wanted = name.includes(':') ? name : `${name}:latest`;
  const images = await listImages(dir);
  const found = images.find((image) => image.name === wanted);
  if (found !== undefined) return found;
  const known = images.map((image) => image.name).join(', ');
  throw new Error(
    `no image ${wanted} was built here${known === '' ? '; scripts/images builds the examples’' : ` (there are ${known})`}`,
  );
}

export async function listImages(dir: string): Promise<BuiltImage[]> {
  const files = await readdir(dir).catch(() => []);
  const images = files.filter((file) => file.endsWith('.json')).sort();
  return Promise.all(images.map(async (file) => JSON.parse(await readFile(join(dir, file), 'utf8')) as BuiltImage));
}
