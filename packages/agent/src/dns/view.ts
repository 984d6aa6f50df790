/** What cluster DNS knows of the cluster. */
import type { EndpointSlice, Namespace, Service } from '@skiff/api';
import type { Change, Informer } from '@skiff/client';

export interface DnsView {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  /** A service's endpoints. */
  slices(namespace: string, service: string): readonly EndpointSlice[];
  serviceAt(clusterIP: string): Service | undefined;
  slicesAt(address: string): readonly EndpointSlice[];
}

export interface ViewSources {
  readonly namespaces: Informer<Namespace>;
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
}

const serviceNameLabel = 'kubernetes.io/service-name';

/** A view over informers, with the indexes that questions need. `stop` ends its subscriptions. */
export function informerView({ namespaces, services, slices }: ViewSources): { view: DnsView; stop: () => void } {
  const byClusterIP = new Index<Service>();
  const byService = new Index<EndpointSlice>();
  const byAddress = new Index<EndpointSlice>();
  const unsubscribe = [
    services.onChange((change) => byClusterIP.follow(change, clusterIPsOf)),
    slices.onChange((change) => {
      byService.follow(change, servicesOf);
      byAddress.follow(change, addressesOf);
    }),
  ];
  return {
    view: {
      hasNamespace: (name) => namespaces.get('', name) !== undefined,
      service: (namespace, name) => services.get(namespace, name),
      slices: (namespace, service) => byService.at(`${namespace}/${service}`),
      serviceAt: (clusterIP) => byClusterIP.at(clusterIP)[0],
      slicesAt: (address) => byAddress.at(address),
    },
    stop() {
      for (const one of unsubscribe) one();
    },
  };
}

const clusterIPsOf = ({ spec }: Service): readonly string[] => spec.clusterIPs ?? [spec.clusterIP ?? ''];

const servicesOf = ({ metadata }: EndpointSlice): readonly string[] => {
  const service = metadata.labels?.[serviceNameLabel];
  return service === undefined ? [] : [`${metadata.namespace ?? ''}/${service}`];
};

const addressesOf = ({ endpoints }: EndpointSlice): readonly string[] => [
  ...new Set((endpoints ?? []).flatMap(({ addresses }) => addresses)),
];

/** Objects by the values they are filed under. */
class Index<T extends { readonly metadata: { readonly namespace?: string; readonly name: string } }> {
  readonly #objects = new Map<string, Map<string, T>>();

  at(value: string): readonly T[] {
    return [...(this.#objects.get(value)?.values() ?? [])];
  }

  follow(change: IndexChange<T>, valuesOf: (object: T) => readonly string[]): void {
    const before = change.type === 'removed' ? change.object : change.old;
    if (before !== undefined) for (const value of valuesOf(before)) this.#drop(value, before);
    if (change.type !== 'removed') for (const value of valuesOf(change.object)) this.#file(value, change.object);
  }

  #file(value: string, object: T): void {
    const filed = this.#objects.get(value) ?? new Map<string, T>();
    filed.set(keyOf(object), object);
    this.#objects.set(value, filed);
  }

  #drop(value: string, object: T): void {
    const filed = this.#objects.get(value);
    filed?.delete(keyOf(object));
    if (filed?.size === 0) this.#objects.delete(value);
  }
}

type IndexChange<T> = Pick<Change<never>, 'type'> & { readonly object: T; readonly old?: T | undefined };

const keyOf = ({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;
