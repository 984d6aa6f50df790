export type { ApiServerConfig, BoundAddresses, KeyPairFiles, StoreConfig } from './config.ts';
export { runApiServer } from './main.ts';
export {
  createCA,
  createRequest,
  type IssueOptions,
  issueCertificate,
  type KeyPair,
  readRequest,
  signRequest,
  type Usage,
} from './pki/authority.ts';
export { writeAtomically, writeKeyPair } from './pki/files.ts';
export { type RunningServer, startServer } from './server.ts';
export { createTokenKey } from './tokens/keys.ts';
