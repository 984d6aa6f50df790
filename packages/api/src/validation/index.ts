/** What becomes of a document that is written: it is decoded, pruned, defaulted, validated, and warned about. */
export * from '../kinds/defaults/apply.ts';
export * from '../kinds/job-selector.ts';
export * from '../schema/decode.ts';
export * from '../schema/default.ts';
export * from '../schema/prune.ts';
export { warningsOf } from '../warnings/warnings.ts';
export { type ClientConfig, checkClientConfig } from './client-config.ts';
export { addConditions } from './conditions.ts';
export { mandatoryFlowSchemas, mandatoryPriorityLevels } from './flow-control-mandatory.ts';
export { cidrContains, cidrMessage, ipBits, ipFamily, ipMessage, ipText, isCidr } from './ip.ts';
export { validateFieldManager, validateObjectMeta, validateObjectMetaUpdate } from './metadata.ts';
export { addLabelSelector } from './selectors.ts';
export { validate, validateUpdate } from './validate.ts';
export { addOperationRule, type OperationRule } from './webhooks.ts';
