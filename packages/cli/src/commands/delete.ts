import { builtinDefinitions, isReason } from '@skiff/api';
import type { Command } from 'commander';
import { findKind, type KnownKind, kindOfDocument } from '../objects/kinds.ts';
import { type ClientOptions, type Session, withClient, withSession } from './client-options.ts';
import { wholeNumber } from './numbers.ts';

interface DeleteOptions extends ClientOptions {
  readonly filename?: string[];
  readonly ignoreNotFound: boolean;
  readonly gracePeriod?: number;
}

interface Doomed {
  readonly kind: KnownKind;
  readonly namespace: string;
  readonly name: string;
}

/** `skiff delete TYPE NAME...` or `-f`. Returns when the server has accepted; finalizers and grace periods may still run. */
export function registerDelete(program: Command): void {
  withClient(
    program
      .command('delete')
      .description('delete objects')
      .argument('[type]', 'kind, plural or short name')
      .argument('[name...]', 'names'),
  )
    .option('-f, --filename <file...>', 'files or folders of YAML or JSON; - for standard input')
    .option('--ignore-not-found', 'an absent object is no error', false)
    .option('--grace-period <seconds>', 'how long a pod may take to end', wholeNumber(0))
    .action(runDelete);
}

async function runDelete(type: string | undefined, names: string[], options: DeleteOptions): Promise<void> {
  await withSession(options, async (session) => {
    const doomed =
      options.filename === undefined ? byName(session, type, names) : await byFile(session, options.filename);
    for (const one of doomed) await deleteOne(session, one, options);
  });
}

function byName({ namespace }: Session, type: string | undefined, names: readonly string[]): Doomed[] {
  if (type === undefined || names.length === 0)
    throw new Error('name what to delete: `skiff delete TYPE NAME...`, or -f FILE');
  const kind = findKind(builtinDefinitions(), type);
  return names.map((name) => ({ kind, namespace: kind.namespaced ? namespace : '', name }));
}

async function byFile({ namespace }: Session, files: readonly string[]): Promise<Doomed[]> {
  const { readManifests } = await import('../objects/files.ts');
  return (await readManifests(files)).map((manifest) => {
    const kind = kindOfDocument(builtinDefinitions(), manifest);
    return {
      kind,
      namespace: kind.namespaced ? (manifest.metadata?.namespace ?? namespace) : '',
      name: manifest.metadata?.name ?? '',
    };
  });
}

async function deleteOne(
  { client }: Session,
  { kind, namespace, name }: Doomed,
  options: DeleteOptions,
): Promise<void> {
  const label = `${kind.definition.singular}${kind.group === '' ? '' : `.${kind.group}`} "${name}"`;
  try {
    const { gracePeriod } = options;
    await client.resource(kind).delete(namespace, name, {
      propagationPolicy: 'Background',
      ...(gracePeriod === undefined ? {} : { gracePeriodSeconds: gracePeriod }),
    });
    process.stdout.write(`${label} deleted\n`);
  } catch (error) {
    if (!options.ignoreNotFound || !isReason(error, 'NotFound')) throw error;
  }
}
