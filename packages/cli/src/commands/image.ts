import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { LoadResult } from '../images/load.ts';
import { hostLayouts, paths } from '../local/layout.ts';
import { type StateOptions, withState } from './local-options.ts';

/** `skiff image build|load|list`. */
export function register(program: Command): void {
  const image = program.command('image').description('build images without a registry, and put them into the nodes');
  withState(image.command('build <recipe...>').description('build images from image.yaml files')).action(buildAll);
  withState(
    image.command('load <name...>').description('load built images into every node, sending only layers a node lacks'),
  )
    .option('--engine <socket...>', 'Docker engines to load into, in place of those of the cluster’s nodes')
    .action(loadAll);
  withState(image.command('list').description('list built images')).action(list);
}

async function buildAll(recipes: string[], options: StateOptions): Promise<void> {
  const { readRecipe } = await import('../images/recipe.ts');
  const { buildImage } = await import('../images/build.ts');
  for (const file of recipes) {
    const { image, layersBuilt } = await buildImage(paths({ stateDir: options.state }).images, await readRecipe(file));
    process.stdout.write(`${image.name}: ${layersBuilt} of ${image.config.rootfs.diff_ids.length} layers built\n`);
  }
}

interface LoadOptions extends StateOptions {
  readonly engine?: string[];
}

interface Engine {
  readonly name: string;
  readonly socket: string;
}

async function enginesOf({ state, engine }: LoadOptions): Promise<Engine[]> {
  if (engine !== undefined) return engine.map((socket) => ({ name: socket, socket: resolve(socket) }));
  const { rememberedConfig } = await import('../local/remember.ts');
  const config = await rememberedConfig(state);
  if (config === undefined) throw new Error(`there is no cluster in ${state}; scripts/up starts one`);
  return hostLayouts(config, hostname()).map(({ name, dockerSocket }) => ({ name, socket: dockerSocket }));
}

async function loadAll(names: string[], options: LoadOptions): Promise<void> {
  const { loadImage } = await import('../images/load.ts');
  const { readImage } = await import('../images/store.ts');
  const engines = await enginesOf(options);
  const dir = paths({ stateDir: options.state }).images;
  const images = await Promise.all(names.map((name) => readImage(dir, name)));
  const loadInto = async ({ name, socket }: Engine): Promise<void> => {
    // One after another on a node, so that the second of two images finds the layers it shares with the first.
    for (const image of images)
      process.stdout.write(`${name}: ${image.name}: ${describe(await loadImage(dir, image, socket))}\n`);
  };
  await Promise.all(engines.map(loadInto));
}

function describe(result: LoadResult): string {
  if (result.unchanged) return 'already there';
  const moved = result.moved ? '; the name pointed at another image before: pods that run keep the old one' : '';
  return `${result.layersSent} layers sent, ${result.layersPresent} already there${moved}`;
}

async function list(options: StateOptions): Promise<void> {
  const { listImages } = await import('../images/store.ts');
  for (const image of await listImages(paths({ stateDir: options.state }).images))
    process.stdout.write(`${image.name}\n`);
}
