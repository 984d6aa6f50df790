/**
 * The group versions that other servers answer for: which they are, whether they can be reached, what they serve; and the
 * entries of those that this server answers for itself.
 */
import { type Clock, type Definition, isReason, type JsonObject, type Logger } from '@skiff/api';
import { follow, type LiveCollection } from '../../chain/live.ts';
import { copy, same, textAt } from '../../patch/values.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { systemContext } from '../../registry/system-context.ts';
import { withCondition } from '../crd/conditions.ts';
import type { Condition } from '../crd/types.ts';
import { createWakeUp } from '../signal.ts';
import {
  type ApiService,
  automanagedLabel,
  available,
  isRemote,
  localCondition,
  localService,
  nameOf,
  remoteDefinitions,
} from './api-service.ts';
import { fetchRemote, type RemoteParts } from './remote.ts';

export interface AggregatorOptions extends RemoteParts {
  readonly registry: ExtensibleRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Aggregator {
  /** The server that answers for a group version in place of this one. */
  remoteFor(group: string, version: string): ApiService | undefined;
  /** The group versions that others answer for. */
  remoteVersions(): readonly { readonly group: string; readonly version: string }[];
  /** All there is to discover, here and elsewhere. */
  definitions(): readonly Definition[];
  onDefinitionsChanged(run: () => void): () => void;
  synced(): Promise<void>;
  readonly done: Promise<void>;
}

const collection = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
const write = { dryRun: false, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore' } as const;
const checkEveryMs = 10_000;
const checkWithinMs = 5000;

/** Starts to keep them, until the signal aborts. */
export function keepApiServices(options: AggregatorOptions, signal: AbortSignal): Aggregator {
  const { registry, clock, logger } = options;
  const wake = createWakeUp();
  const live: LiveCollection<JsonObject> = follow({
    ...{ registry, clock, logger, signal, collection },
    project: (object) => object,
    onChange: wake.call,
  });
  const keeper = new Keeper(options, live, signal);
  const stop = registry.onDefinitionsChanged(() => {
    keeper.changed();
    wake.call();
  });
  const run = async (): Promise<void> => {
    await live.synced();
    while (!signal.aborted) {
      try {
        await keeper.round();
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, 'keeping API services failed; trying again');
      }
      const timer = clock.after(checkEveryMs, wake.call);
      await wake.wait(signal);
      timer.cancel();
    }
    stop();
    await live.done;
  };
  return {
    remoteFor: (group, version) => keeper.remoteFor(group, version),
    remoteVersions: () => keeper.remoteVersions(),
    definitions: () => keeper.definitions(),
    onDefinitionsChanged: (listener) => keeper.onChanged(listener),
    synced: () => live.synced(),
    done: run(),
  };
}

class Keeper {
  readonly #options: AggregatorOptions;
  readonly #live: LiveCollection<JsonObject>;
  readonly #signal: AbortSignal;
  /** What remote servers said they serve, by the name of their entry. */
  readonly #discovered = new Map<string, readonly Definition[]>();
  readonly #texts = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  constructor(options: AggregatorOptions, live: LiveCollection<JsonObject>, signal: AbortSignal) {
    this.#options = options;
    this.#live = live;
    this.#signal = signal;
  }

  remoteFor(group: string, version: string): ApiService | undefined {
    const found = this.#live.objects.get(`/${nameOf({ group, version })}`) as ApiService | undefined;
    return found !== undefined && isRemote(found) ? found : undefined;
  }

  remoteVersions(): readonly { readonly group: string; readonly version: string }[] {
    return [...this.#live.objects.values()]
      .map((each) => each as ApiService)
      .filter(isRemote)
      .map(({ spec }) => ({ group: spec?.group ?? '', version: spec?.version ?? '' }));
  }

  definitions(): readonly Definition[] {
    const own = this.#options.registry
      .definitions()
      .filter((each) => this.remoteFor(each.group, each.version) === undefined);
    return [...own, ...[...this.#discovered.values()].flat()];
  }

  onChanged(run: () => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  changed(): void {
    for (const run of [...this.#listeners]) run();
  }

  async round(): Promise<void> {
    await this.#keepLocal();
    const services = [...this.#live.objects.values()];
    const remote = services.filter((each) => isRemote(each as ApiService));
    for (const name of this.#discovered.keys()) {
      if (!remote.some((each) => textAt(each, 'metadata', 'name') === name)) this.#forget(name);
    }
    await Promise.all(remote.map((each) => this.#check(each)));
    for (const each of services) {
      if (!isRemote(each as ApiService)) await this.#report(each, localCondition);
    }
  }

  #forget(name: string): void {
    this.#texts.delete(name);
    if (this.#discovered.delete(name)) this.changed();
  }

  /** An entry for each group version of this server's own; those of custom kinds go with them. */
  async #keepLocal(): Promise<void> {
    const { registry } = this.#options;
    const context = systemContext(this.#signal);
    const served = new Map(registry.definitions().map((each) => [nameOf(each), each]));
    for (const [name, definition] of served) {
      if (this.#live.objects.has(`/${name}`)) continue;
      const document = localService(definition, definition.openApi !== undefined);
      const target = { ...collection, namespace: '', name: '', subresource: '' };
      await registry.create(context, target, { document, duplicates: [] }, write).catch(unlessReason('AlreadyExists'));
    }
    for (const object of this.#live.objects.values()) {
      const service = object as ApiService;
      const name = service.metadata?.name ?? '';
      const isOver = service.metadata?.labels?.[automanagedLabel] === 'true' && !isRemote(service) && !served.has(name);
      if (!isOver) continue;
      await registry
        .delete({ ...context }, { ...collection, namespace: '', name, subresource: '' }, deletion)
        .catch(unlessReason('NotFound'));
    }
  }

  /** Asks the server what it serves: an answer in time is what makes it available. */
  async #check(object: JsonObject): Promise<void> {
    const service = object as ApiService;
    const { group = '', version = '' } = service.spec ?? {};
    const name = textAt(object, 'metadata', 'name');
    const late = new AbortController();
    const timer = this.#options.clock.after(checkWithinMs, () => late.abort(new Error('context deadline exceeded')));
    try {
      const path = `/apis/${group}/${version}`;
      const signal = AbortSignal.any([this.#signal, late.signal]);
      const text = await fetchRemote(this.#options, service, path, systemContext(signal).user, signal);
      if (this.#texts.get(name) !== text) {
        this.#discovered.set(name, remoteDefinitions({ group, version }, JSON.parse(text) as JsonObject));
        this.#texts.set(name, text);
        this.changed();
      }
      await this.#report(object, available(true, 'Passed', 'all checks passed'));
    } catch (error) {
      if (this.#signal.aborted) return;
      const why = late.signal.aborted ? 'context deadline exceeded' : (error as Error).message;
      await this.#report(object, conditionOf(service, why));
    } finally {
      timer.cancel();
    }
  }

  /** A conflict means a newer state, which brings its own round. */
  async #report(object: JsonObject, condition: Condition): Promise<void> {
    const before = (object as ApiService).status?.conditions ?? [];
    const conditions = withCondition(before, condition, this.#options.clock.now());
    if (same(conditions as never, before as never)) return;
    const document = { ...copy(object), status: { conditions } } as unknown as JsonObject;
    const target = { ...collection, namespace: '', name: textAt(object, 'metadata', 'name'), subresource: 'status' };
    await this.#options.registry
      .update(systemContext(this.#signal), target, { document, duplicates: [] }, write)
      .catch(unlessReason('Conflict', 'NotFound'));
  }
}

const deletion = {
  ...{ dryRun: false, gracePeriodSeconds: undefined, propagationPolicy: undefined },
  preconditions: { uid: undefined, resourceVersion: undefined },
};

const unlessReason =
  (...reasons: Parameters<typeof isReason> extends [unknown, ...infer Rest] ? Rest : never) =>
  (error: unknown): void => {
    if (!isReason(error, ...reasons)) throw error;
  };

/** Why a server is not available, by the reasons of kube-aggregator. */
function conditionOf({ spec }: ApiService, why: string): Condition {
  const { namespace = '', name = '', port = 443 } = spec?.service ?? {};
  if (why.startsWith('service ')) {
    return available(false, 'ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`);
  }
  if (why.startsWith('no endpoints')) {
    return available(
      false,
      'MissingEndpoints',
      `endpoints for service/${name} in ${JSON.stringify(namespace)} have no addresses`,
    );
  }
  const url = `https://${name}.${namespace}.svc:${port}/apis/${spec?.group}/${spec?.version}`;
  return available(false, 'FailedDiscoveryCheck', `failing or missing response from ${url}: ${why}`);
}
