/**
 * The group versions that other servers answer for: which they are, whether they can be reached, what they serve; and the
 * entries of those that this server answers for itself.
 */
import { type Clock, type Definition, isReason, type JsonObject, type Logger } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { follow, type LiveCollection } from '../../chain/live.ts';
import { copy, isObject, same, textAt } from '../../patch/values.ts';
import type { UserInfo } from '../../registry/contract.ts';
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
import { discoveryFault, serviceFault } from './availability.ts';
import type { RemoteDocument } from './merge-openapi.ts';
import { callRemote, type RemoteParts, readWhole } from './remote.ts';

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
  /** What their OpenAPI v2 documents say, as far as they have any. */
  documents(): readonly RemoteDocument[];
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
    documents: () => keeper.documents(),
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
  readonly #documents = new Map<string, { readonly etag: string | undefined; readonly read: RemoteDocument }>();
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

  documents(): readonly RemoteDocument[] {
    return [...this.#documents.values()].map(({ read }) => read);
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
    this.#documents.delete(name);
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

  /** The Service and where it answers, then what the server serves: an answer in time is what makes it available. */
  async #check(object: JsonObject): Promise<void> {
    const service = object as ApiService;
    const { group = '', version = '' } = service.spec ?? {};
    const name = textAt(object, 'metadata', 'name');
    const late = new AbortController();
    const timer = this.#options.clock.after(checkWithinMs, () => late.abort(new Error('context deadline exceeded')));
    const signal = AbortSignal.any([this.#signal, late.signal]);
    try {
      const fault = await this.#serviceFault(service, signal);
      if (fault !== undefined) return await this.#report(object, fault);
      const path = `/apis/${group}/${version}`;
      const answer = await callRemote(this.#options, service, { method: 'GET', path, user: checker, signal });
      const text = await readWhole(answer, maxDiscoveryBytes);
      if (answer.statusCode !== 200) throw new BadStatus(answer.statusCode ?? 0);
      await this.#readDocument(name, service, signal);
      if (this.#texts.get(name) !== text) {
        this.#discovered.set(name, remoteDefinitions({ group, version }, JSON.parse(text) as JsonObject));
        this.#texts.set(name, text);
        this.changed();
      }
      await this.#report(object, available(true, 'Passed', 'all checks passed'));
    } catch (error) {
      if (this.#signal.aborted) return;
      const why = late.signal.aborted ? 'context deadline exceeded' : (error as Error).message;
      const said = (url: string): string =>
        error instanceof BadStatus ? `bad status from ${url}: ${error.code}` : why;
      await this.#report(object, discoveryFault(service, said));
    } finally {
      timer.cancel();
    }
  }

  async #serviceFault(service: ApiService, signal: AbortSignal): Promise<Condition | undefined> {
    const { registry } = this.#options;
    const { namespace = '', name = '' } = service.spec?.service ?? {};
    const context = systemContext(signal);
    const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
    const at = { group: '', version: 'v1', resource: 'services', namespace, name, subresource: '' };
    const found = await registry.get(context, at, { resourceVersion: '0' }).catch(unlessReason('NotFound'));
    const slices = { ...at, group: 'discovery.k8s.io', resource: 'endpointslices', name: '' };
    const { items } = await registry.list(context, slices, {
      ...{ fieldSelector: '', limit: 0, continue: '', resourceVersion: '0', resourceVersionMatch: '' },
      labelSelector: `kubernetes.io/service-name=${name}`,
    });
    return serviceFault(service, found === undefined ? undefined : parse(found.text), items.map(parse));
  }

  /** A server without such a document is available all the same. */
  async #readDocument(name: string, service: ApiService, signal: AbortSignal): Promise<void> {
    const before = this.#documents.get(name);
    const etag = before?.etag === undefined ? {} : { etag: before.etag };
    const call = { method: 'GET', path: '/openapi/v2', user: checker, signal, ...etag };
    const answer = await callRemote(this.#options, service, call);
    if (answer.statusCode === 304) return;
    let document: unknown;
    try {
      const text = await readWhole(answer, maxOpenApiBytes);
      document = answer.statusCode === 200 ? parseJson(text).value : undefined;
    } catch (error) {
      signal.throwIfAborted();
      this.#options.logger.warn({ err: error, name }, 'the OpenAPI document of an API service cannot be read');
    }
    const { group = '', version = '' } = service.spec ?? {};
    if (isObject(document)) {
      if (before !== undefined && same(before.read.document, document)) return;
      this.#documents.set(name, { etag: answer.headers.etag, read: { group, version, document } });
    } else if (!this.#documents.delete(name)) return;
    this.changed();
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

/** What is parsed in one turn: some tens of milliseconds. What a whole cluster serves takes no more. */
const maxOpenApiBytes = 8 * 1024 * 1024;
const maxDiscoveryBytes = 1024 * 1024;

/** Who asks: an identity that every server behind this one lets in. */
const checker: UserInfo = { name: 'system:kube-aggregator', uid: '', groups: ['system:masters'], extra: {} };

class BadStatus extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`bad status: ${code}`);
    this.code = code;
  }
}

const deletion = {
  ...{ dryRun: false, gracePeriodSeconds: undefined, propagationPolicy: undefined },
  preconditions: { uid: undefined, resourceVersion: undefined },
};

const unlessReason =
  (...reasons: Parameters<typeof isReason> extends [unknown, ...infer Rest] ? Rest : never) =>
  (error: unknown): undefined => {
    if (!isReason(error, ...reasons)) throw error;
  };
