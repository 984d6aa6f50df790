/** A registry in memory whose CustomResourceDefinitions are kept, and definitions for it. For tests only. */
import { type JsonObject, realClock } from '@skiff/api';
import { vi } from 'vitest';
import type { Authoriser } from '../chain/attributes.ts';
import type { RegistryOptions } from '../registry/registry.ts';
import { createMemoryRegistry, type MemoryRegistry, silentLogger } from '../registry/testing.ts';
import { type Configurations, followConfigurations } from './admission/configurations.ts';
import { type PolicyParts, policyStep } from './admission/policies.ts';
import { webhookStep } from './admission/webhooks.ts';
import { keepDefinitions } from './crd/controller.ts';
import type { JsonSchema } from './schema/json-schema.ts';
import { createWebhookClient, type WebhookClient } from './webhook/client.ts';
import { webhookConverter } from './webhook/conversion.ts';
import { serviceResolver } from './webhook/resolve.ts';

export interface ExtendedRegistry extends MemoryRegistry {
  /** Creates a definition and waits until it is established. */
  define(crd: JsonObject): Promise<void>;
  /** Waits until a condition of a definition has a status. */
  reaches(name: string, condition: string, status: string): Promise<JsonObject>;
  /** Waits until admission is configured as the store says now. */
  settle(): Promise<void>;
}

export const crdsOf = 'apiextensions.k8s.io/v1/customresourcedefinitions';

export interface ExtendedOptions extends Partial<RegistryOptions> {
  /** Behind the `authorizer` of expressions; absent: everything is allowed. */
  readonly authoriser?: Authoriser;
  readonly audit?: PolicyParts['audit'];
}

export async function createExtendedRegistry(options: ExtendedOptions = {}): Promise<ExtendedRegistry> {
  const late: { memory?: MemoryRegistry; webhooks?: WebhookClient; configurations?: Configurations } = {};
  const memory = await createMemoryRegistry({ admission: admissionOf(late, options), ...options });
  const { registry, clock, cache, call, random } = memory;
  const stop = new AbortController();
  const webhooks = createWebhookClient(realClock, serviceResolver(registry, random));
  const configurations = followConfigurations({
    registry,
    clock: realClock,
    logger: silentLogger,
    signal: stop.signal,
  });
  await configurations.synced();
  Object.assign(late, { memory, webhooks, configurations });
  const converter = webhookConverter(webhooks.call, random, stop.signal);
  const definitions = keepDefinitions(
    { registry, clock, logger: silentLogger, revision: () => cache.revision, converter },
    stop.signal,
  );
  await definitions.synced();
  const reaches = async (name: string, condition: string, status: string): Promise<JsonObject> =>
    vi.waitFor(async () => {
      const crd = await call.get(crdsOf, '', name);
      const { conditions = [] } = (crd.status ?? {}) as { conditions?: { type: string; status: string }[] };
      const found = conditions.find((each) => each.type === condition);
      if (found?.status !== status) throw new Error(`${name}: ${JSON.stringify(conditions)}`);
      return crd;
    }, 30_000);
  return {
    ...memory,
    reaches,
    async settle() {
      const revision = await memory.store.revision();
      await vi.waitFor(() => {
        if (configurations.revision() < revision) throw new Error('admission is behind');
      }, 30_000);
    },
    async define(crd) {
      const made = await call.create(crdsOf, '', crd);
      await reaches((made.metadata as { name: string }).name, 'Established', 'True');
    },
    async close() {
      stop.abort();
      await Promise.all([definitions.done, configurations.done]);
      webhooks.close();
      await memory.close();
    },
  };
}

interface Late {
  readonly memory?: MemoryRegistry;
  readonly webhooks?: WebhookClient;
  readonly configurations?: Configurations;
}

const everybody: Authoriser = { decide: () => ({ verdict: 'allow', reason: '' }) };

function admissionOf(late: Late, options: ExtendedOptions): RegistryOptions['admission'] {
  const registry = (): MemoryRegistry['registry'] => {
    if (late.memory === undefined) throw new Error('not put together yet');
    return late.memory.registry;
  };
  const { audit = () => {} } = options;
  return [
    policyStep({
      registry,
      policies: () => late.configurations?.policies() ?? [],
      bindings: () => late.configurations?.bindings() ?? [],
      authoriser: () => options.authoriser ?? everybody,
      audit,
    }),
    webhookStep({
      registry,
      random: Math.random,
      authoriser: () => options.authoriser ?? everybody,
      audit,
      call: async (asked) => (await late.webhooks?.call(asked)) ?? {},
      mutating: () => late.configurations?.mutating() ?? [],
      validating: () => late.configurations?.validating() ?? [],
    }),
  ];
}

export interface WidgetOptions {
  readonly group?: string;
  readonly names?: JsonObject;
  readonly scope?: 'Cluster' | 'Namespaced';
  readonly versions?: readonly JsonObject[];
  readonly spec?: JsonObject;
}

/** A version `v1` that is served and stored, with this schema. */
export const version = (schema: JsonSchema, more: JsonObject = {}): JsonObject => ({
  ...{ name: 'v1', served: true, storage: true },
  schema: { openAPIV3Schema: schema as unknown as JsonObject },
  ...more,
});

/** The schema of an object whose spec has these properties. */
export const specSchema = (properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, ...more }, status: { type: 'object', properties: {} } },
});

/** `widgets.x.io`, or another when its names are given. */
export function widgets(options: WidgetOptions = {}): JsonObject {
  const { group = 'x.io', scope = 'Namespaced', versions, spec } = options;
  const names = { plural: 'widgets', kind: 'Widget', ...options.names };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: {
      group,
      scope,
      names,
      versions: [...(versions ?? [version(specSchema({ size: { type: 'integer' } }))])],
      ...spec,
    },
  };
}

export const widget = (name: string, more: JsonObject = {}): JsonObject => ({ metadata: { name }, ...more });
/** The same as a client sends it. */
export const sentWidget = (name: string, spec: JsonObject): JsonObject => ({
  ...{ apiVersion: 'x.io/v1', kind: 'Widget' },
  ...widget(name, { spec }),
});
export const widgetsOf = 'x.io/v1/widgets';
