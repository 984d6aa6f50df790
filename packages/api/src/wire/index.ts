export * from './kubernetes.ts';
export * from './messages.ts';
export * from './skiff.ts';
export * from './status.ts';
