/**
 * What a cluster on this machine is, kept in its folder, and once more where its sockets are: a folder that is deleted under
 * a running cluster must not make it impossible to take down.
 */
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClusterConfig, paths, runtimeDir, runtimeRoot } from './layout.ts';

/** The cluster that `stateDir` holds, or undefined. */
export async function rememberedConfig(stateDir: string): Promise<ClusterConfig | undefined> {
  const config = await read(paths({ stateDir }).config);
  return config === undefined ? undefined : { ...config, stateDir };
}

/** A cluster that was in `stateDir` until somebody deleted that, and may still run; or undefined. `root`: where runtime folders are. */
export async function strayConfig(stateDir: string, root = runtimeRoot): Promise<ClusterConfig | undefined> {
  if ((await rememberedConfig(stateDir)) !== undefined) return undefined;
  for (const name of await readdir(root).catch(() => [])) {
    const config = await read(copyIn(join(root, name)));
    if (config?.stateDir === stateDir) return config;
  }
  return undefined;
}

/** Throws when a cluster in another folder has that name. */
export async function rememberConfig(config: ClusterConfig): Promise<void> {
  const copy = copyIn(runtimeDir(config));
  const other = (await read(copy))?.stateDir ?? config.stateDir;
  if (other !== config.stateDir && (await exists(paths({ stateDir: other }).config)))
    throw new Error(`the cluster in ${other} is called ${config.name} too: give this one another --name`);
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  await mkdir(runtimeDir(config), { recursive: true });
  await writeFile(copy, text);
  await mkdir(config.stateDir, { recursive: true });
  await writeFile(paths(config).config, text);
}

const copyIn = (folder: string): string => join(folder, 'cluster.json');

/** Undefined for a file that is not there, or was cut short when the machine stopped. */
async function read(file: string): Promise<ClusterConfig | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as ClusterConfig;
  } catch {
    return undefined;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
