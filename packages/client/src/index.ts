export * from './cache/factory.ts';
export * from './contract.ts';
export * from './queue/work-queue.ts';
export type { Duplex } from './transport/calls.ts';
export * from './transport/connect.ts';
