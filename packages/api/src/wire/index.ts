/** What every program that speaks skiff.v1 needs. */
export * from './messages.ts';
export { services } from './skiff.ts';
export * from './status.ts';
