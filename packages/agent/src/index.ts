export type { AgentConfig, AgentIdentity, NodeTaint } from './config.ts';
export { runAgent } from './main.ts';
