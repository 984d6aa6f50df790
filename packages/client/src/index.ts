/** What is built on a client; how to come to one is `client/connect`, which is all that a command needs. */
export * from './cache/factory.ts';
export type { InformerContext } from './cache/informer.ts';
export type * from './contract.ts';
export { defaultTimes, type ElectionTimes } from './election/election.ts';
export * from './election/run.ts';
export * from './events/recorder.ts';
export * from './queue/work-queue.ts';
export type { Duplex } from './transport/calls.ts';
export type * from './transport/connect.ts';
export type { ServedKind } from './transport/discover.ts';
export type { Table, TableEvent } from './transport/tables.ts';
