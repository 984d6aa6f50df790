/** What tests of components stand on: a cluster in memory, a clock that is stepped, objects, and things that go wrong on request. */
export { createTestCluster, type TestCluster, type TestClusterOptions } from './cluster/cluster.ts';
export type { WatchFaults } from './cluster/watches.ts';
export { type Call, type Interceptor, intercept } from './intercept.ts';
export { createKeepingLogger, type KeepingLogger, type LogLine, silentLogger } from './logger.ts';
export * from './objects.ts';
export * from './parts.ts';
export { createSeededRandom } from './random.ts';
export { settle } from './settle.ts';
export { createStepClock, type StepClock } from './step-clock.ts';
