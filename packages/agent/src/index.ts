export { cleanHost, type HostNetwork } from './clean.ts';
export type { AgentConfig, AgentIdentity, NodeTaint } from './config.ts';
export { defaultThresholds, parseThresholds } from './eviction/thresholds.ts';
export { runAgent } from './main.ts';
export { label as containerLabel } from './runtime/labels.ts';
