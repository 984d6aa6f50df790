import { realClock } from '@skiff/api';
import type { ServedKind } from '@skiff/client';
import type { Command } from 'commander';
import { inApplyOrder, isDefinedBy } from '../objects/apply-order.ts';
import { type Catalogue, createCatalogue } from '../objects/catalogue.ts';
import type { Manifest } from '../objects/files.ts';
import { labelOf } from '../objects/kinds.ts';
import { reportFailure } from '../output/failure.ts';
import { type ClientOptions, type Session, withClient, withSession } from './client-options.ts';

interface ApplyOptions extends ClientOptions {
  readonly filename: string[];
  readonly forceConflicts: boolean;
  readonly dryRun: boolean;
}

/** How long a kind may take to be served once its definition is applied. */
const servedWithinMs = 30_000;

/** `skiff apply -f`: server-side apply (KEP-555) as field manager `skiff`. */
export function register(program: Command): void {
  withClient(program.command('apply').description('create or change objects to be as files say (server-side apply)'))
    .requiredOption('-f, --filename <file...>', 'files or folders of YAML or JSON; - for standard input')
    .option('--force-conflicts', 'take fields over from other managers', false)
    .option('--dry-run', 'do everything but store', false)
    .action(runApply);
}

/** One object that fails holds up no other. */
async function runApply(options: ApplyOptions): Promise<void> {
  const { readManifests } = await import('../objects/files.ts');
  const manifests = inApplyOrder(await readManifests(options.filename));
  await withSession(options, async (session) => {
    const catalogue = createCatalogue(session.client);
    const applied: Manifest[] = [];
    for (const manifest of manifests) {
      try {
        const isNew = !options.dryRun && isDefinedBy(applied, manifest);
        const kind = await kindOf(catalogue, manifest, isNew);
        process.stdout.write(`${await applyOne(session, kind, manifest, options)}\n`);
        applied.push(manifest);
      } catch (error) {
        reportFailure(error);
      }
    }
  });
}

/** Waits for a kind that this command has defined. Throws Error when nobody serves it. */
async function kindOf(catalogue: Catalogue, manifest: Manifest, isNew: boolean): Promise<ServedKind> {
  const known = await catalogue.ofDocument(manifest);
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata } = manifest;
  const unknown = `no matches for kind "${kind}" in version "${apiVersion}"`;
  if (!isNew)
    throw new Error(
      `resource mapping not found for name: "${metadata?.name ?? ''}" namespace: "${metadata?.namespace ?? ''}": ${unknown}\nensure CRDs are installed first`,
    );
  const { waitFor } = await import('../local/wait.ts');
  let served: ServedKind | undefined;
  const ask = async (): Promise<string | undefined> => {
    catalogue.refresh();
    served = await catalogue.ofDocument(manifest);
    return served === undefined ? unknown : undefined;
  };
  await waitFor(ask, { clock: realClock, timeoutMs: servedWithinMs, what: `${kind} is served`, everyMs: 100 });
  if (served === undefined) throw new Error(unknown);
  return served;
}

async function applyOne(
  { client, namespace }: Session,
  kind: ServedKind,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<string> {
  const name = manifest.metadata?.name ?? '';
  if (name === '') throw new Error(`a ${manifest.kind} has no metadata.name`);
  const within = kind.namespaced ? (manifest.metadata?.namespace ?? namespace) : '';
  const applied = await client.resource(kind).patch(within, name, 'apply', manifest, {
    fieldManager: 'skiff',
    force: options.forceConflicts,
    dryRun: options.dryRun,
  });
  return `${labelOf(kind)}/${applied.metadata.name} applied${options.dryRun ? ' (dry run)' : ''}`;
}
