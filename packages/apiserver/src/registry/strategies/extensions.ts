/** Kinds that extend the server: API services, webhooks and policies. */
import { bindingFaults, policyFaults, webhookFaults } from '../../extensions/admission/validate.ts';
import type { Strategy } from '../contract.ts';
import { standard } from './standard.ts';

export const apiServices: Strategy = standard({ status: {}, statusKeepsMeta: true }, { requiresResourceVersion: true });

export const webhookConfigurations: Strategy = standard(
  { generation: ['webhooks'] },
  { requiresResourceVersion: true, validate: webhookFaults },
);

export const admissionPolicies: Strategy = standard(
  { status: {}, generation: ['spec'] },
  { requiresResourceVersion: true, validate: policyFaults },
);

export const admissionPolicyBindings: Strategy = standard(
  { generation: ['spec'] },
  { requiresResourceVersion: true, validate: bindingFaults },
);

export const flowControl: Strategy = standard(
  { status: {}, generation: ['spec'], statusKeepsMeta: true },
  { requiresResourceVersion: true },
);
