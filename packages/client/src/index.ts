export * from './cache/factory.ts';
export type { InformerContext } from './cache/informer.ts';
export * from './contract.ts';
export { defaultTimes, type ElectionTimes } from './election/election.ts';
export * from './election/run.ts';
export * from './events/recorder.ts';
export * from './queue/work-queue.ts';
export type { Duplex } from './transport/calls.ts';
export * from './transport/connect.ts';
