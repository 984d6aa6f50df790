/** Manifests from files, folders or standard input (`-`), as kubectl's `-f` takes them. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseYaml } from '@skiff/api/yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

/** No manifest that a server takes is as long (characters). */
const maxLength = 64 * 1024 * 1024;

/** Documents in order; a List is its items. Throws with the file's name on a fault. */
export async function readManifests(sources: readonly string[]): Promise<Manifest[]> {
  const texts = (await Promise.all(sources.map(expand))).flat();
  return texts.flatMap(({ name, body }) => {
    try {
      return parseYaml(body, maxLength).flatMap(manifestsOf);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

function manifestsOf({ value, duplicates: [repeated] }: ReturnType<typeof parseYaml>[number]): Manifest[] {
  if (repeated !== undefined) throw new Error(`yaml: ${repeated}`);
  if (!isMap(value) || value.kind !== 'List') return [checked(value)];
  const items = value.items ?? [];
  if (!Array.isArray(items)) throw new Error('the items of a List must be a list');
  return items.map(checked);
}

function checked(value: unknown): Manifest {
  if (!isMap(value) || typeof value.apiVersion !== 'string' || typeof value.kind !== 'string')
    throw new Error('a document has no apiVersion or no kind');
  const metadata = value.metadata ?? {};
  if (!isMap(metadata)) throw new Error(`the metadata of a ${value.kind} must be a map`);
  for (const key of ['name', 'namespace']) {
    const named = metadata[key];
    if (named !== undefined && named !== null && typeof named !== 'string')
      throw new Error(`the metadata.${key} of a ${value.kind} must be a string`);
  }
  return value as unknown as Manifest;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function expand(source: string): Promise<{ name: string; body: string }[]> {
  if (source === '-') return [{ name: 'standard input', body: await text(process.stdin) }];
  const about = await stat(source).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`the path "${source}" does not exist`) : error;
  });
  if (!about.isDirectory()) return [{ name: source, body: await readFile(source, 'utf8') }];
  const files = (await readdir(source)).filter((file) => /\.(json|ya?ml)$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => ({ name: join(source, file), body: await readFile(join(source, file), 'utf8') })),
  );
}
