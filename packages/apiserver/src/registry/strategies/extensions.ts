/** Kinds that extend the server: API services, webhooks and policies. */
import type { Strategy } from '../contract.ts';
import { standard } from './standard.ts';

export const apiServices: Strategy = standard({ status: {}, statusKeepsMeta: true }, { requiresResourceVersion: true });

export const webhookConfigurations: Strategy = standard(
  { generation: ['webhooks'] },
  { requiresResourceVersion: true },
);

export const admissionPolicies: Strategy = standard(
  { status: {}, generation: ['spec'] },
  { requiresResourceVersion: true },
);

export const admissionPolicyBindings: Strategy = standard({ generation: ['spec'] }, { requiresResourceVersion: true });

export const flowControl: Strategy = standard(
  { status: {}, generation: ['spec'], statusKeepsMeta: true },
  { requiresResourceVersion: true },
);
