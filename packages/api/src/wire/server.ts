/** What a server needs beside `api/wire`: Kubernetes' own messages, and the contract as reflection shows it. */
export * from './descriptors.ts';
export * from './kubernetes.ts';
