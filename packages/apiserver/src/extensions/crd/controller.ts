/**
 * Keeps the served kinds and the status of every CustomResourceDefinition in step with what is stored. Level-triggered: each
 * round looks at all definitions and acts on those that changed. Every API server runs it; writes are guarded by version.
 */
import { type Clock, isReason, type JsonObject, type Logger } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { follow, type LiveCollection } from '../../chain/live.ts';
import { copy, textAt } from '../../patch/values.ts';
import type { Kind } from '../../registry/definition-table.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { systemContext } from '../../registry/system-context.ts';
import { createWakeUp } from '../signal.ts';
import { cleanUp } from './clean-up.ts';
import { judge, type Verdict } from './conditions.ts';
import { kindsOf } from './kinds.ts';
import { createNameBook, type NameBook } from './name-book.ts';
import { asCrd, type Crd } from './types.ts';

export interface DefinitionsOptions {
  readonly registry: ExtensibleRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The store revision that this server has seen. */
  readonly revision: () => bigint;
  /** Makes the conversion of a CRD whose strategy is Webhook. */
  readonly converter: (crd: Crd) => NonNullable<Kind['convert']>;
}

export interface Definitions {
  /** Resolves when the kinds of every definition there was at start are served. */
  synced(): Promise<void>;
  readonly done: Promise<void>;
}

const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const retryMs = 1000;

/** What is served for a definition. */
interface Installed {
  readonly fingerprint: string;
  readonly kinds: readonly Kind[];
}

/** The names of built-in kinds: they were there first. */
function bookOfBuiltins(): NameBook {
  const book = createNameBook();
  for (const { group, version, resource: plural, singular, kind, listKind, shortNames } of builtinDefinitions())
    book.set(group, `${group}/${version}/${plural}`, { plural, singular, kind, listKind, shortNames });
  return book;
}

/** Starts to keep them, until the signal aborts. */
export function keepDefinitions(options: DefinitionsOptions, signal: AbortSignal): Definitions {
  const { registry, clock, logger } = options;
  const wake = createWakeUp();
  const first = Promise.withResolvers<void>();
  const live: LiveCollection<JsonObject> = follow({
    ...{ registry, clock, logger, signal, collection: crds },
    project: (object) => object,
    onChange: wake.call,
  });
  const keeper = new Keeper(options, signal, wake.call);

  const run = async (): Promise<void> => {
    await live.synced();
    while (!signal.aborted) {
      try {
        await keeper.round([...live.objects.values()]);
        first.resolve();
      } catch (error) {
        if (signal.aborted) break;
        logger.warn({ err: error }, 'keeping custom resource definitions failed; trying again');
        clock.after(retryMs, wake.call);
      }
      await wake.wait(signal);
    }
    await Promise.all([live.done, keeper.ended()]);
  };
  return { synced: () => first.promise, done: run() };
}

class Keeper {
  readonly #options: DefinitionsOptions;
  readonly #signal: AbortSignal;
  readonly #wake: () => void;
  readonly #installed = new Map<string, Installed>();
  /** Definitions whose objects are being removed now. */
  readonly #cleaning = new Map<string, Promise<void>>();
  readonly #names = bookOfBuiltins();
  /** What was judged, by name: the version it was at, and the releases that a refused one has seen. */
  readonly #judged = new Map<string, { readonly version: string; readonly refusedAt?: number }>();

  constructor(options: DefinitionsOptions, signal: AbortSignal, wake: () => void) {
    this.#options = options;
    this.#signal = signal;
    this.#wake = wake;
  }

  async ended(): Promise<void> {
    await Promise.all(this.#cleaning.values());
  }

  async round(objects: readonly JsonObject[]): Promise<void> {
    const present = new Map(objects.map((object) => [textAt(object, 'metadata', 'name'), object]));
    for (const name of this.#judged.keys()) {
      if (present.has(name)) continue;
      this.#judged.delete(name);
      this.#names.delete(name);
    }
    const verdicts = this.#judgeAll(present);
    this.#install(present, verdicts);
    for (const [name, verdict] of verdicts) {
      const object = present.get(name);
      if (object === undefined) continue;
      if (verdict.changed) await this.#report(object, verdict);
      this.#startCleaning(name, object);
    }
  }

  /** Definitions that changed, and those that were refused a name that was given back since. */
  #judgeAll(present: ReadonlyMap<string, JsonObject>): ReadonlyMap<string, Verdict> {
    const verdicts = new Map<string, Verdict>();
    for (const [name, object] of present) {
      const crd = asCrd(object);
      if (!this.#names.has(name)) this.#names.set(crd.spec?.group ?? '', name, crd.status?.acceptedNames ?? {});
    }
    for (const [name, object] of present) {
      const crd = asCrd(object);
      const group = crd.spec?.group ?? '';
      const version = textAt(object, 'metadata', 'resourceVersion');
      const before = this.#judged.get(name);
      const isFreed = before?.refusedAt !== undefined && before.refusedAt !== this.#names.releases(group);
      if (before?.version === version && !isFreed) continue;
      const verdict = judge(crd, this.#names.heldByOthers(group, name), this.#options.clock.now());
      this.#names.set(group, name, verdict.acceptedNames);
      const refusal = isRefused(verdict) ? { refusedAt: this.#names.releases(group) } : {};
      this.#judged.set(name, { version, ...refusal });
      verdicts.set(name, verdict);
    }
    return verdicts;
  }

  /** One change of the table for all that happened. */
  #install(present: ReadonlyMap<string, JsonObject>, verdicts: ReadonlyMap<string, Verdict>): void {
    const gone: Kind[] = [];
    const added: Kind[] = [];
    for (const [name, { kinds }] of this.#installed) {
      if (present.has(name)) continue;
      gone.push(...kinds);
      this.#installed.delete(name);
    }
    for (const [name, verdict] of verdicts) {
      const object = present.get(name);
      if (object === undefined || !verdict.established) continue;
      const made = this.#make(object, verdict);
      const before = this.#installed.get(name);
      if (before?.fingerprint === made.fingerprint) continue;
      const kinds = made.make();
      this.#installed.set(name, { fingerprint: made.fingerprint, kinds });
      added.push(...kinds);
      gone.push(...(before?.kinds ?? []).filter((kind) => !kinds.some((each) => isSameKind(each, kind))));
    }
    if (gone.length > 0) this.#options.registry.removeDefinitions(gone.map((kind) => kind.definition));
    if (added.length > 0) this.#options.registry.addDefinitions(added);
  }

  #make(object: JsonObject, verdict: Verdict): { readonly fingerprint: string; make(): readonly Kind[] } {
    const crd = asCrd(copy(object));
    const terminating = crd.metadata?.deletionTimestamp !== undefined;
    const { uid, generation } = crd.metadata ?? {};
    return {
      fingerprint: JSON.stringify([uid, generation, verdict.acceptedNames, terminating]),
      make: () =>
        kindsOf(crd, {
          names: verdict.acceptedNames,
          before: this.#options.revision(),
          terminating,
          ...(crd.spec?.conversion?.strategy === 'Webhook' ? { convert: this.#options.converter(crd) } : {}),
        }),
    };
  }

  /** A conflict means a newer state, which brings its own round. */
  async #report(object: JsonObject, { acceptedNames, conditions }: Verdict): Promise<void> {
    const document = copy(object);
    const status = {
      ...(document.status as JsonObject | undefined),
      acceptedNames,
      conditions,
    } as unknown as JsonObject;
    try {
      await this.#options.registry.update(
        systemContext(this.#signal),
        { ...crds, namespace: '', name: textAt(object, 'metadata', 'name'), subresource: 'status' },
        { document: { ...document, status }, duplicates: [] },
        { dryRun: false, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore' },
      );
    } catch (error) {
      if (!isReason(error, 'Conflict', 'NotFound')) throw error;
    }
  }

  #startCleaning(name: string, object: JsonObject): void {
    if (textAt(object, 'metadata', 'deletionTimestamp') === '' || this.#cleaning.has(name)) return;
    const { registry, clock, logger } = this.#options;
    const kinds = this.#installed.get(name)?.kinds ?? [];
    const task = cleanUp({ registry, clock, name, kinds }, this.#signal)
      .catch((error: unknown) => {
        if (!this.#signal.aborted) {
          logger.warn(
            { err: error, name },
            'removing the objects of a custom resource definition failed; trying again',
          );
          clock.after(retryMs, this.#wake);
        }
        // Looked at once more, and still known: its names are given back when it is gone.
        this.#judged.set(name, { version: '' });
      })
      .finally(() => this.#cleaning.delete(name));
    this.#cleaning.set(name, task);
  }
}

const isRefused = ({ conditions }: Verdict): boolean =>
  conditions.some(({ type, status }) => type === 'NamesAccepted' && status === 'False');

const isSameKind = (a: Kind, b: Kind): boolean =>
  a.definition.version === b.definition.version && a.definition.resource === b.definition.resource;
