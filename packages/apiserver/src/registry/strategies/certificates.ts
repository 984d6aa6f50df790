/** Certificate signing requests: who asked is what the server saw, not what the request says. */
import type { JsonObject } from '@skiff/api';
import { childObject, copy, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { putOrDelete } from '../meta.ts';
import { stampConditions } from '../subresources/approval.ts';
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
    prepareForStatusUpdate(object, _old, nowMs) {
      stampConditions(object, nowMs);
    },
    selectablePaths: [['spec', 'signerName']],
    selectableFields: (object) => ({ 'spec.signerName': textAt(object as JsonObject, 'spec', 'signerName') }),
  },
);
