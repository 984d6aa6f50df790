/** Manifests from files, folders or standard input (`-`), as kubectl's `-f` takes them. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
}

/** Documents in order; a List is its items. Throws with the file's name on a fault. */
export async function readManifests(sources: readonly string[]): Promise<Manifest[]> {
  const texts = (await Promise.all(sources.map(expand))).flat();
  const documents: Manifest[] = [];
  for (const { name, body } of texts) {
    for (const document of parseAllDocuments(body)) {
      const [fault] = document.errors;
      if (fault !== undefined) throw new Error(`${name}: ${fault.message}`);
      const value = document.toJS() as (Manifest & { items?: Manifest[] }) | null;
      if (value === null || value === undefined) continue;
      documents.push(...(value.kind === 'List' ? (value.items ?? []) : [value]));
    }
  }
  for (const document of documents) {
    if (typeof document?.apiVersion !== 'string' || typeof document.kind !== 'string')
      throw new Error('a document has no apiVersion or no kind');
  }
  return documents;
}

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
