/** `/logs/`: the node's log folder, as kubelet serves it. What lies outside the folder is not there, whatever links say. */
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiError, notFound } from '@skiff/api';
import { isWithin, pathOf, pathOnly, placeOf } from '../path-handle.ts';

/** A folder's listing as HTML when `path` is empty or ends with `/`, else the bytes of a file. Throws ApiError NotFound. */
export async function* readLogs(root: string, path: string): AsyncGenerator<Uint8Array> {
  const isFolder = path === '' || path.endsWith('/');
  const missing = notFound({ group: '', resource: 'logs' }, path);
  const handle = await openInside(root, path, missing);
  let file: FileHandle | undefined;
  try {
    const stats = await handle.stat();
    // A pipe or a device would never end.
    if (isFolder ? !stats.isDirectory() : !stats.isFile()) throw missing;
    if (isFolder) yield Buffer.from(await listing(pathOf(handle)));
    else file = await open(pathOf(handle));
  } finally {
    await handle.close();
  }
  if (file !== undefined) yield* file.createReadStream();
}

/** What the path leads to, held before it is judged: a container that has the folder mounted may put a link in its place at any time. */
async function openInside(root: string, path: string, missing: ApiError): Promise<FileHandle> {
  const top = await realpath(root).catch(() => root);
  const handle = await open(join(top, path), pathOnly).catch(() => undefined);
  if (handle === undefined) throw missing;
  if (isWithin(top, await placeOf(handle))) return handle;
  await handle.close();
  throw missing;
}

async function listing(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const lines = names.map((name) => `<a href="${hrefOf(name)}">${textOf(name)}</a>\n`);
  return `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${lines.join('')}</pre>\n`;
}

/** A name with a colon in front would be read as a scheme. */
const hrefOf = (name: string): string => `./${name.split('/').map(encodeURIComponent).join('/')}`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};
const textOf = (name: string): string => name.replace(/[&<>"']/g, (character) => entities[character] ?? character);
