/** A small image with a shell, as `docker save` would write it, made from this machine's static busybox. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

const programs = ['sh', 'cat', 'echo', 'sleep', 'true', 'false', 'id', 'ls', 'stat', 'mkdir', 'ln', 'rm', 'mv', 'ps'];
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

export async function busyboxArchive(tag: string): Promise<Uint8Array> {
  const layer = pack();
  layer.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile('/usr/bin/busybox'));
  for (const name of programs) layer.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
  layer.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  layer.finalize();
  const layerData = await buffer(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layerData)}`] },
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [tag], Layers: ['layer.tar'] }];
  const archive = pack();
  archive.entry({ name: configName }, config);
  archive.entry({ name: 'layer.tar' }, layerData);
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest));
  archive.finalize();
  return buffer(archive);
}
