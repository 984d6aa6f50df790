/** `serviceaccounts/token` (TokenRequest): minted by whoever holds the signing key. */
import { ApiError, notFound } from '@skiff/api';
import { put, textAt } from '../../patch/values.ts';
import { type Admitting, admitMutating, admitValidating } from '../admission.ts';
import { decodeBody } from '../decode.ts';
import { toObject, toText } from '../documents.ts';
import { keyOf } from '../keys.ts';
import { checkName, metaOf, settleNamespace } from '../meta.ts';
import { readStored } from '../read-stored.ts';
import { shownBy } from '../shown.ts';
import type { Action } from './table.ts';

export const token: Action = {
  type: 'action',
  taken: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  async run(env, { context, kind, target, body, options }) {
    if (env.tokens === undefined) {
      throw new ApiError('ServiceUnavailable', 'this API server has no key to sign service account tokens with');
    }
    const part = shownBy(token);
    const request = decodeBody(context, part, body, options);
    settleNamespace(request, target.namespace);
    if (textAt(request, 'metadata', 'name') === '') put(metaOf(request), 'name', target.name);
    checkName(request, target.name);
    const document = await readStored(env, target, keyOf(kind, target.namespace, target.name), context.signal);
    if (document === undefined) throw notFound(target, target.name);
    const admitting: Admitting = { context, target, kind, operation: 'CREATE', options, dryRun: options.dryRun, part };
    await admitMutating(env, admitting, request, undefined);
    await admitValidating(env, admitting, request, undefined);
    return { text: toText(await env.tokens.issue(context, toObject(document), request)), created: true };
  },
};
