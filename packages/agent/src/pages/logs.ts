/** `/logs/`: the node's log folder, as kubelet serves it. What lies outside the folder is not there, whatever links say. */
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { notFound } from '@skiff/api';

/** A folder's listing as HTML when `path` is empty or ends with `/`, else the bytes of a file. Throws ApiError NotFound. */
export async function* readLogs(root: string, path: string): AsyncGenerator<Uint8Array> {
  const place = await placeOf(root, path);
  if (path === '' || path.endsWith('/')) yield Buffer.from(await listing(place));
  else yield* createReadStream(place);
}

async function placeOf(root: string, path: string): Promise<string> {
  const missing = notFound({ group: '', resource: 'logs' }, path);
  const top = await realpath(root).catch(() => {
    throw missing;
  });
  const place = await realpath(join(top, path)).catch(() => {
    throw missing;
  });
  const inside = relative(top, place);
  const stats = await stat(place);
  const isWanted = path === '' || path.endsWith('/') ? stats.isDirectory() : stats.isFile();
  // A pipe or a device would never end.
  if (inside === '..' || inside.startsWith('../') || !isWanted) throw missing;
  return place;
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
