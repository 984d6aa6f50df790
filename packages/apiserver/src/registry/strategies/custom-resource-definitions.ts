/** CustomResourceDefinitions: what arrives here becomes a kind. */
import { formatTime, type Json, type JsonObject } from '@skiff/api';
import { decodeSchemas } from '../../extensions/crd/decode-schemas.ts';
import {
  defaultRuleFaultsOf,
  definitionFaults,
  definitionStatusFaults,
  definitionUpdateFaults,
} from '../../extensions/crd/validate.ts';
import { childObject, listAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { finalizersOf, metaOf } from '../meta.ts';
import { standard } from './standard.ts';

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinitions: Strategy = standard(
  { status: {}, generation: ['spec'], statusKeepsMeta: true },
  {
    requiresResourceVersion: true,
    normalise: decodeSchemas,
    prepareForCreate(object) {
      put(object, 'status', { conditions: [], acceptedNames: { kind: '', plural: '' }, storedVersions: [] });
      rememberStoredVersion(object);
    },
    prepareForUpdate: rememberStoredVersion,
    validateNew(object) {
      const faults = definitionFaults(object);
      return faults.length > 0 ? faults : defaultRuleFaultsOf(object);
    },
    validateUpdate(object, old, subresource) {
      if (subresource === 'status') return definitionStatusFaults(object);
      const faults = definitionUpdateFaults(object, old);
      return faults.length > 0 ? faults : defaultRuleFaultsOf(object, old);
    },
    holdsDeletion: (object) => textAt(object, 'metadata', 'deletionTimestamp') === '',
    markDeleting(object, nowMs) {
      const finalizers = finalizersOf(object);
      if (!finalizers.includes(cleanupFinalizer)) put(metaOf(object), 'finalizers', [...finalizers, cleanupFinalizer]);
      const status = childObject(object, 'status');
      const conditions = objectsAt(status, 'conditions');
      if (conditions.some((each) => textAt(each, 'type') === 'Terminating')) return;
      put(status, 'conditions', [
        ...conditions,
        {
          type: 'Terminating',
          status: 'True',
          lastTransitionTime: formatTime(nowMs),
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
      ]);
    },
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
