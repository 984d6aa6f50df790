/** Builds images from recipes without an engine and without a registry: a layer is a tar of a folder. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../local/run.ts';
import type { ImageRecipe, LayerRecipe } from './recipe.ts';
import { type BuiltImage, layerPath, saveImage } from './store.ts';

/** Builds every layer that is not there yet, and records the image. Resolves to the image and how many layers were built now. */
export async function buildImage(
  dir: string,
  recipe: ImageRecipe,
): Promise<{ image: BuiltImage; layersBuilt: number }> {
  await mkdir(join(dir, 'layers'), { recursive: true });
  const diffIds: string[] = [];
  let layersBuilt = 0;
  for (const layer of recipe.layers) {
    const known = await cachedLayer(dir, layer);
    diffIds.push(known ?? (await buildLayer(dir, layer)));
    if (known === undefined) layersBuilt += 1;
  }
  const image: BuiltImage = {
    name: recipe.name,
    config: {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {
        Env: Object.entries({
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          ...recipe.env,
        }).map(([name, value]) => `${name}=${value}`),
        Entrypoint: recipe.entrypoint ?? null,
        Cmd: recipe.command ?? null,
        User: recipe.user ?? '',
        WorkingDir: recipe.workingDir ?? '/',
        ExposedPorts: Object.fromEntries((recipe.ports ?? []).map((port) => [port, {}])),
      },
      rootfs: { type: 'layers', diff_ids: diffIds },
    },
  };
  await saveImage(dir, image);
  return { image, layersBuilt };
}

/** Package layers are remembered by their list; file layers are cheap and always made anew, so that an edit is never missed. */
const cacheFile = (dir: string, layer: LayerRecipe): string | undefined =>
  'packages' in layer ? join(dir, 'layers', `packages-${layer.packages.join('+')}`) : undefined;

async function cachedLayer(dir: string, layer: LayerRecipe): Promise<string | undefined> {
  const file = cacheFile(dir, layer);
  if (file === undefined) return undefined;
  const diffId = await readFile(file, 'utf8').catch(() => undefined);
  if (diffId === undefined) return undefined;
  return access(layerPath(dir, diffId)).then(
    () => diffId,
    () => undefined,
  );
}

async function buildLayer(dir: string, layer: LayerRecipe): Promise<string> {
  const work = await mkdtemp(join(dir, 'work-'));
  try {
    const root = join(work, 'root');
    await mkdir(root);
    if ('packages' in layer) await unpackPackages(work, root, layer.packages);
    else if ('files' in layer) await run('cp', ['-a', `${layer.files}/.`, root]);
    else await copyFiles(root, layer.copy);
    const tar = join(work, 'layer.tar');
    await run('tar', [
      '--create',
      '--file',
      tar,
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--directory',
      root,
      '.',
    ]);
    const diffId = `sha256:${await sha256(tar)}`;
    await rename(tar, layerPath(dir, diffId));
    const cache = cacheFile(dir, layer);
    if (cache !== undefined) await writeFile(cache, diffId);
    return diffId;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Asks the distribution's package tool for the packages as if nothing were installed, so that every dependency comes along. */
async function unpackPackages(work: string, root: string, packages: readonly string[]): Promise<void> {
  const archives = join(work, 'archives');
  const status = join(work, 'status');
  await mkdir(join(archives, 'partial'), { recursive: true });
  await writeFile(status, '');
  await run('apt-get', [
    '-qq',
    '-y',
    '--no-install-recommends',
    '--download-only',
    '-o',
    `Dir::State::status=${status}`,
    '-o',
    `Dir::Cache::archives=${archives}`,
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    'Debug::NoLocking=true',
    'install',
    ...packages,
  ]);
  const files = (await readdir(archives)).filter((file) => file.endsWith('.deb')).sort();
  for (const file of files) await run('dpkg-deb', ['--extract', join(archives, file), root]);
  await rm(join(root, 'usr/share/doc'), { recursive: true, force: true });
  await rm(join(root, 'usr/share/man'), { recursive: true, force: true });
  if (packages.includes('busybox-static')) await linkApplets(root);
}

async function linkApplets(root: string): Promise<void> {
  const busybox = join(root, 'bin/busybox');
  for (const applet of (await run(busybox, ['--list'])).split('\n')) {
    const exists = await access(join(root, 'bin', applet)).then(
      () => true,
      () => false,
    );
    if (applet !== 'busybox' && !exists) await symlink('/bin/busybox', join(root, 'bin', applet));
  }
  for (const folder of ['dev', 'etc', 'proc', 'root', 'run', 'sys', 'tmp', 'var'])
    await mkdir(join(root, folder), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await writeFile(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}

async function copyFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [inside, here] of Object.entries(files)) {
    const target = join(root, inside);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(here, target);
  }
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
