/** Certificate signing requests: who asked is what the server saw, not what the request says. */
import type { JsonObject } from '@skiff/api';
import { childObject, copy, objectAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { putOrDelete } from '../meta.ts';
import { standard } from './standard.ts';

export const certificateSigningRequests: Strategy = standard(
  { status: {} },
  {
    prepareForCreate(object, _nowMs, user) {
      const spec = childObject(object, 'spec');
      put(spec, 'username', user.name);
      putOrDelete(spec, 'uid', user.uid === '' ? undefined : user.uid);
      putOrDelete(spec, 'groups', user.groups.length === 0 ? undefined : [...user.groups]);
      const extra: JsonObject = {};
      for (const [key, values] of Object.entries(user.extra)) put(extra, key, [...values]);
      putOrDelete(spec, 'extra', Object.keys(extra).length === 0 ? undefined : extra);
    },
    prepareForUpdate(object, old) {
      put(object, 'spec', copy(own(old, 'spec') ?? {}));
    },
    /** The certificate comes through status; approval has its own subresource. */
    prepareForStatusUpdate(object, old) {
      const decided = (of: JsonObject) => conditionsOf(of).filter(isDecision);
      const others = conditionsOf(object).filter((condition) => !isDecision(condition));
      const conditions = [...decided(old), ...others];
      const status = childObject(object, 'status');
      if (conditions.length > 0) put(status, 'conditions', copy(conditions));
      else delete status.conditions;
    },
    selectableFields: (object) => ({ 'spec.signerName': textAt(object as JsonObject, 'spec', 'signerName') }),
  },
);

const conditionsOf = (object: JsonObject): JsonObject[] => {
  const conditions = own(objectAt(object, 'status') ?? {}, 'conditions');
  return Array.isArray(conditions) ? (conditions as JsonObject[]) : [];
};

const isDecision = (condition: JsonObject): boolean => ['Approved', 'Denied'].includes(textAt(condition, 'type'));
