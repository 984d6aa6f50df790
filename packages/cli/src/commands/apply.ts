import { builtinDefinitions } from '@skiff/api';
import type { Command } from 'commander';
import type { Manifest } from '../objects/files.ts';
import { kindOfDocument } from '../objects/kinds.ts';
import { type ClientOptions, type Session, withClient, withSession } from './client-options.ts';

interface ApplyOptions extends ClientOptions {
  readonly filename: string[];
  readonly forceConflicts: boolean;
  readonly dryRun: boolean;
}

/** `skiff apply -f`: server-side apply (KEP-555) as field manager `skiff`. */
export function registerApply(program: Command): void {
  withClient(program.command('apply').description('create or change objects to be as files say (server-side apply)'))
    .requiredOption('-f, --filename <file...>', 'files or folders of YAML or JSON; - for standard input')
    .option('--force-conflicts', 'take fields over from other managers', false)
    .option('--dry-run', 'do everything but store', false)
    .action(runApply);
}

async function runApply(options: ApplyOptions): Promise<void> {
  const { readManifests } = await import('../objects/files.ts');
  const manifests = await readManifests(options.filename);
  await withSession(options, async (session) => {
    for (const manifest of manifests) process.stdout.write(`${await applyOne(session, manifest, options)}\n`);
  });
}

async function applyOne({ client, namespace }: Session, manifest: Manifest, options: ApplyOptions): Promise<string> {
  const kind = kindOfDocument(builtinDefinitions(), manifest);
  const name = manifest.metadata?.name;
  if (name === undefined) throw new Error(`a ${manifest.kind} has no metadata.name`);
  const within = kind.namespaced ? (manifest.metadata.namespace ?? namespace) : '';
  const applied = await client.resource(kind).patch(within, name, 'apply', manifest, {
    fieldManager: 'skiff',
    force: options.forceConflicts,
    dryRun: options.dryRun,
  });
  return `${kind.definition.singular}${kind.group === '' ? '' : `.${kind.group}`}/${applied.metadata.name} applied${options.dryRun ? ' (dry run)' : ''}`;
}
