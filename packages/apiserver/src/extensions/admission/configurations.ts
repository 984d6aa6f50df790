/** What admission is configured with, kept current: webhooks, policies and their bindings, in the order of their names. */
import type { Clock, JsonObject, Logger } from '@skiff/api';
import { follow, type LiveCollection } from '../../chain/live.ts';
import { objectsAt, textAt } from '../../patch/values.ts';
import type { Registry } from '../../registry/contract.ts';
import type { Binding, Policy } from './policy.ts';
import type { Webhook } from './webhooks.ts';

export interface ConfigurationsOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface Configurations {
  mutating(): readonly Webhook[];
  validating(): readonly Webhook[];
  policies(): readonly Policy[];
  bindings(): readonly Binding[];
  /** The newest version among what is known. */
  revision(): bigint;
  /** Resolves when all there was at start is known. */
  synced(): Promise<void>;
  readonly done: Promise<unknown>;
}

/** Starts to follow them. */
export function followConfigurations(options: ConfigurationsOptions): Configurations {
  const live = (resource: string): LiveCollection<JsonObject> =>
    follow({
      ...options,
      collection: { group: 'admissionregistration.k8s.io', version: 'v1', resource },
      project: (object) => object,
    });
  const mutating = live('mutatingwebhookconfigurations');
  const validating = live('validatingwebhookconfigurations');
  const policies = live('validatingadmissionpolicies');
  const bindings = live('validatingadmissionpolicybindings');
  const all = [mutating, validating, policies, bindings];
  return {
    mutating: derived(mutating, webhooksOf),
    validating: derived(validating, webhooksOf),
    policies: derived(policies, (objects) => objects as unknown as readonly Policy[]),
    bindings: derived(bindings, (objects) => objects as unknown as readonly Binding[]),
    revision: () => newest(all),
    synced: async () => void (await Promise.all(all.map((each) => each.synced()))),
    done: Promise.all(all.map((each) => each.done)),
  };
}

function newest(all: readonly LiveCollection<JsonObject>[]): bigint {
  let found = 0n;
  for (const { objects } of all) {
    for (const object of objects.values()) {
      const version = BigInt(textAt(object, 'metadata', 'resourceVersion') || 0);
      if (version > found) found = version;
    }
  }
  return found;
}

const webhooksOf = (objects: readonly JsonObject[]): readonly Webhook[] =>
  objects.flatMap((object) => objectsAt(object, 'webhooks')) as unknown as readonly Webhook[];

/** Made again only after something changed. */
function derived<T>(live: LiveCollection<JsonObject>, make: (sorted: readonly JsonObject[]) => T): () => T {
  let made: { readonly version: number; readonly value: T } | undefined;
  return () => {
    if (made?.version !== live.version) {
      const name = (object: JsonObject): string => textAt(object, 'metadata', 'name');
      const sorted = [...live.objects.values()].sort((a, b) => (name(a) < name(b) ? -1 : 1));
      made = { version: live.version, value: make(sorted) };
    }
    return made.value;
  };
}
