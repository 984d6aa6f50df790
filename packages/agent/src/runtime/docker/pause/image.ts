/** The pause image as `docker save` would write it: always the same bytes, so always the same image id. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { toExecutable } from './elf.ts';
import { type Architecture, pauseProgram } from './program.ts';

export const pauseImage = 'skiff/pause:1';

/** Nothing in the archive may depend on when it was made. */
const epoch = new Date(0);

interface TarFile {
  readonly name: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

async function tar(files: readonly TarFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, mode, data } of files)
    archive.entry({ name, mode, mtime: epoch, uid: 0, gid: 0 }, Buffer.from(data));
  archive.finalize();
  return buffer(archive);
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

export async function pauseArchive(architecture: Architecture): Promise<Buffer> {
  const executable = toExecutable(pauseProgram(architecture), architecture);
  const layer = await tar([{ name: 'pause', mode: 0o755, data: executable }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: epoch.toISOString(),
      config: {
        Entrypoint: ['/pause'],
        Labels: { 'org.opencontainers.image.title': 'pause', 'io.skiff.image': 'pause' },
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created: epoch.toISOString(), created_by: 'skiff agent' }],
    }),
  );
  const configName = `${sha256(config)}.json`;
  const layerName = `${sha256(layer)}/layer.tar`;
  const manifest = JSON.stringify([{ Config: configName, RepoTags: [pauseImage], Layers: [layerName] }]);
  return tar([
    { name: configName, mode: 0o644, data: config },
    { name: layerName, mode: 0o644, data: layer },
    { name: 'manifest.json', mode: 0o644, data: Buffer.from(manifest) },
  ]);
}
