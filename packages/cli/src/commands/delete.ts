import { isReason } from '@skiff/api';
import type { ServedKind } from '@skiff/client';
import type { Command } from 'commander';
import { readArguments } from '../objects/arguments.ts';
import { type Catalogue, createCatalogue } from '../objects/catalogue.ts';
import { labelOf } from '../objects/kinds.ts';
import { askedFor } from '../objects/selection.ts';
import { reportFailure } from '../output/failure.ts';
import { type ClientOptions, type Session, withClient, withSession } from './client-options.ts';
import { wholeNumber } from './values.ts';

interface DeleteOptions extends ClientOptions {
  readonly filename?: string[];
  readonly selector: string;
  readonly all: boolean;
  readonly ignoreNotFound: boolean;
  readonly gracePeriod?: number;
}

interface Doomed {
  readonly kind: ServedKind;
  readonly namespace: string;
  readonly name: string;
}

/** `skiff delete TYPE NAME...`, `TYPE/NAME...`, `TYPE -l`, `TYPE --all` or `-f`. Returns when the server has accepted; finalizers and grace periods may still run. */
export function register(program: Command): void {
  withClient(
    program
      .command('delete')
      .description('delete objects')
      .argument('[type]', 'kind, plural or short name; several behind commas; or TYPE/NAME')
      .argument('[name...]', 'names of objects, or more of TYPE/NAME'),
  )
    .option('-f, --filename <file...>', 'files or folders of YAML or JSON; - for standard input')
    .option('-l, --selector <selector>', 'the objects with these labels', '')
    .option('--all', 'all objects of the kinds, in the namespace', false)
    .option('--ignore-not-found', 'an absent object is no error', false)
    .option('--grace-period <seconds>', 'how long a pod may take to end', wholeNumber(0))
    .action(runDelete);
}

/** One object that cannot be deleted holds up no other. */
async function runDelete(type: string | undefined, names: string[], options: DeleteOptions): Promise<void> {
  await withSession(options, async (session) => {
    const catalogue = createCatalogue(session.client);
    const doomed =
      options.filename === undefined
        ? await byName(session, catalogue, type === undefined ? [] : [type, ...names], options)
        : await byFile(session, catalogue, options.filename);
    for (const one of doomed) await deleteOne(session, one, options).catch(reportFailure);
  });
}

async function byName(
  { client, namespace }: Session,
  catalogue: Catalogue,
  args: readonly string[],
  { selector, all }: DeleteOptions,
): Promise<Doomed[]> {
  const meant = readArguments('delete', args);
  const some = selector !== '' || all;
  if (meant.length === 0 || (!some && meant.some(({ name }) => name === undefined)))
    throw new Error('name what to delete: `skiff delete TYPE NAME...`, TYPE -l SELECTOR, TYPE --all, or -f FILE');
  if (all && selector !== '') throw new Error('cannot set --all and --selector at the same time');
  if (all && meant.some(({ name }) => name !== undefined)) throw new Error('name cannot be provided when --all is set');
  const asked = await askedFor(catalogue, meant, { namespace, allNamespaces: false, selector, fieldSelector: '' });
  const doomed = asked.map(async ({ kind, namespace: within, name, labelSelector }) => {
    if (name !== undefined) return [{ kind, namespace: within, name }];
    const { items } = await client.resource(kind).list({ namespace: within, labelSelector });
    return items.map(({ metadata }) => ({ kind, namespace: within, name: metadata.name }));
  });
  return (await Promise.all(doomed)).flat();
}

/** Last first: what others stand on goes after them. */
async function byFile({ namespace }: Session, catalogue: Catalogue, files: readonly string[]): Promise<Doomed[]> {
  const { readManifests } = await import('../objects/files.ts');
  const { inApplyOrder } = await import('../objects/apply-order.ts');
  const doomed: Doomed[] = [];
  for (const manifest of inApplyOrder(await readManifests(files)).reverse()) {
    const kind = await catalogue.ofDocument(manifest);
    const name = manifest.metadata?.name ?? '';
    if (kind === undefined)
      reportFailure(new Error(`no matches for kind "${manifest.kind}" in version "${manifest.apiVersion}"`));
    else doomed.push({ kind, name, namespace: kind.namespaced ? (manifest.metadata?.namespace ?? namespace) : '' });
  }
  return doomed;
}

async function deleteOne(
  { client }: Session,
  { kind, namespace, name }: Doomed,
  options: DeleteOptions,
): Promise<void> {
  try {
    const { gracePeriod } = options;
    await client.resource(kind).delete(namespace, name, {
      propagationPolicy: 'Background',
      ...(gracePeriod === undefined ? {} : { gracePeriodSeconds: gracePeriod }),
    });
    process.stdout.write(`${labelOf(kind)} "${name}" deleted\n`);
  } catch (error) {
    if (!options.ignoreNotFound || !isReason(error, 'NotFound')) throw error;
  }
}
