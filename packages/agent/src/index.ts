export type { AgentConfig, AgentIdentity, NodeTaint } from './config.ts';
