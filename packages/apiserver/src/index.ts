export type { ApiServerConfig, BoundAddresses, KeyPairFiles, StoreConfig } from './config.ts';
