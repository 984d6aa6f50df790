/** Kinds that extend the server: custom resource definitions, API services, webhooks and policies. */
import type { Json, JsonObject } from '@skiff/api';
import { childObject, listAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { standard } from './standard.ts';

export const customResourceDefinitions: Strategy = standard(
  { status: {}, generation: ['spec'], statusKeepsMeta: true },
  {
    requiresResourceVersion: true,
    prepareForCreate(object) {
      put(object, 'status', { conditions: [], acceptedNames: { kind: '', plural: '' }, storedVersions: [] });
      rememberStoredVersion(object);
    },
    prepareForUpdate: rememberStoredVersion,
  },
);

/** Every version that objects were ever stored at stays on record until somebody migrates them. */
function rememberStoredVersion(object: JsonObject): void {
  const status = childObject(object, 'status');
  const stored: Json[] = [...listAt(status, 'storedVersions')];
  for (const version of objectsAt(object, 'spec', 'versions')) {
    const name = textAt(version, 'name');
    if (own(version, 'storage') === true && !stored.includes(name)) stored.push(name);
  }
  put(status, 'storedVersions', stored);
}

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
