/** An API server in memory, for tests of whatever speaks to one through a `Client`. */
import type { ApiObject, Random, ResourceOf } from '@skiff/api';
import type { Client } from '../../contract.ts';
import { createSeededRandom } from '../random.ts';
import { createStepClock, type StepClock } from '../step-clock.ts';
import { resourceClient, type Served } from './client.ts';
import { type Document, toJson } from './document.ts';
import { Store } from './store.ts';
import { Watches, type WatchFaults } from './watches.ts';
import { collectionOf, create, keyIn } from './writes.ts';

export interface TestCluster {
  readonly client: Client;
  readonly clock: StepClock;
  readonly random: Random;
  /** Misbehaves on request. */
  readonly watches: WatchFaults;
  /** The version of the last write. */
  readonly version: number;
  /** Stores objects as they are, with their status; uid, version and times are given by the cluster. */
  seed<T extends ApiObject>(resource: ResourceOf<T>, ...objects: readonly T[]): readonly T[];
  /** All of a collection now, in the order of namespace and name. */
  all<T extends ApiObject>(resource: ResourceOf<T>): readonly T[];
  /** Lists are answered as of this version, as by a replica that lags; undefined: as of now. */
  listAt(version: number | undefined): void;
  /** Forgets history: watches and pages from before now meet Expired. Open watches go on. */
  compact(): void;
}

export interface TestClusterOptions {
  readonly clock?: StepClock;
  readonly random?: Random;
}

export function createTestCluster(options: TestClusterOptions = {}): TestCluster {
  const { clock = createStepClock(), random = createSeededRandom() } = options;
  const store = new Store();
  const watches = new Watches(store);
  let listVersion: number | undefined;
  const served: Served = { store, clock, random, watches, listVersion: () => listVersion ?? store.version };
  return {
    client: { resource: (resource) => resourceClient(served, resource), close: () => undefined },
    clock,
    random,
    watches,
    get version() {
      return store.version;
    },
    seed<T extends ApiObject>(resource: ResourceOf<T>, ...objects: readonly T[]) {
      const collection = collectionOf(resource);
      return objects.map((object) => {
        const made = create(served, collection, toJson(object), { dryRun: true });
        const { status = made.status, metadata } = object as unknown as Document;
        const whole = {
          ...made,
          ...(status === undefined ? {} : { status }),
          metadata: { ...metadata, ...made.metadata },
        };
        return store.put(collection.id, keyIn(collection, metadata.namespace, metadata.name), whole) as unknown as T;
      });
    },
    all: <T extends ApiObject>(resource: ResourceOf<T>) =>
      store.listAt(collectionOf(resource).id, store.version).map(([, object]) => object as unknown as T),
    listAt(version) {
      listVersion = version;
    },
    compact: () => store.compact(),
  };
}
