/**
 * The ConfigMaps and Secrets that this node's pods name: each is watched alone, from the first pod that names it to the
 * last, so that an agent reads nothing that its pods do not use.
 */
import { type ConfigMap, resources, type Secret } from '@skiff/api';
import type { Informer, InformerFactory } from '@skiff/client';
import { orAborted } from './async/deadline.ts';
import type { Objects } from './env/environment.ts';

export interface Reference {
  readonly kind: 'configMap' | 'secret';
  readonly namespace: string;
  readonly name: string;
}

export interface References {
  /** The pod names exactly these from now on; resolves when all of them are known to exist or not. */
  hold(podUid: string, wanted: readonly Reference[], signal: AbortSignal): Promise<void>;
  release(podUid: string): void;
  /** What is known of the namespace's objects that some pod holds. */
  objects(namespace: string): Objects;
  stop(): Promise<void>;
}

interface Watched {
  readonly factory: InformerFactory;
  readonly configMaps?: Informer<ConfigMap>;
  readonly secrets?: Informer<Secret>;
  readonly holders: Set<string>;
}

/** `newFactory` makes a factory of its own for each object; `onChange` is told the uids of the pods that hold what changed. */
export function createReferences(
  newFactory: () => InformerFactory,
  onChange: (podUids: Iterable<string>) => void,
): References {
  const watched = new Map<string, Watched>();
  const keyOf = ({ kind, namespace, name }: Reference): string => `${kind}/${namespace}/${name}`;

  function watch(reference: Reference): Watched {
    const factory = newFactory();
    const holders = new Set<string>();
    const options = { namespace: reference.namespace, fieldSelector: `metadata.name=${reference.name}` };
    const tell = (): void => onChange(holders);
    if (reference.kind === 'configMap') {
      const configMaps = factory.informer(resources.configmaps, options);
      configMaps.onChange(tell);
      return { factory, configMaps, holders };
    }
    const secrets = factory.informer(resources.secrets, options);
    secrets.onChange(tell);
    return { factory, secrets, holders };
  }

  function drop(podUid: string, keep: ReadonlySet<string>): void {
    for (const [key, { holders, factory }] of watched) {
      if (keep.has(key) || !holders.delete(podUid) || holders.size > 0) continue;
      watched.delete(key);
      void factory.stop();
    }
  }

  return {
    async hold(podUid, wanted, signal) {
      const keys = new Set(wanted.map(keyOf));
      drop(podUid, keys);
      const all = wanted.map((reference) => {
        const key = keyOf(reference);
        const one = watched.get(key) ?? watch(reference);
        watched.set(key, one);
        one.holders.add(podUid);
        return one.factory.synced(signal);
      });
      await orAborted(Promise.all(all), signal);
    },
    release: (podUid) => drop(podUid, new Set()),
    objects: (namespace) => ({
      configMap: (name) => watched.get(`configMap/${namespace}/${name}`)?.configMaps?.get(namespace, name),
      secret: (name) => watched.get(`secret/${namespace}/${name}`)?.secrets?.get(namespace, name),
    }),
    async stop() {
      await Promise.all([...watched.values()].map(({ factory }) => factory.stop()));
      watched.clear();
    },
  };
}
