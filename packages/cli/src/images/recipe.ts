/**
 * An image as a recipe: layers made from the distribution's packages and from files beside the recipe. Layers that two
 * recipes share word for word are built, stored and sent once.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';

export type LayerRecipe =
  /** Packages with all they depend on, unpacked; no maintainer script runs. `busybox` also links every applet into /bin. */
  | { readonly packages: readonly string[] }
  /** A folder beside the recipe, as the image's root. */
  | { readonly files: string }
  /** Files of this machine: path in the image -> path here. */
  | { readonly copy: Readonly<Record<string, string>> };

export interface ImageRecipe {
  /** `skiff/guestbook-web:1`. */
  readonly name: string;
  readonly layers: readonly LayerRecipe[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDir?: string;
  readonly ports?: readonly string[];
}

/** Reads `image.yaml` files; paths in them become absolute. Throws with the file's name on a fault. */
export async function readRecipe(file: string): Promise<ImageRecipe> {
  const recipe = parse(await readFile(file, 'utf8')) as ImageRecipe;
  if (typeof recipe?.name !== 'string' || !Array.isArray(recipe.layers) || recipe.layers.length === 0) {
    throw new Error(`${file}: a recipe needs a name and layers`);
  }
  const layers = recipe.layers.map((layer): LayerRecipe => {
    const { packages, files, copy } = (layer ?? {}) as Partial<Record<'packages' | 'files' | 'copy', unknown>>;
    if (Array.isArray(packages)) return { packages: [...packages].sort() };
    if (typeof files === 'string') return { files: resolve(dirname(file), files) };
    if (typeof copy === 'object' && copy !== null) return { copy: copy as Record<string, string> };
    throw new Error(`${file}: a layer is one of packages (a list), files (a folder) and copy (paths)`);
  });
  return { ...recipe, layers };
}
