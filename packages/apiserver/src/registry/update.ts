/** PUT: replaces an object, the part of it a subresource shows, or the object that stands for a part. */
import { copy } from '../patch/values.ts';
import type { Answer, Incoming, RequestContext, Target, WriteOptions } from './contract.ts';
import { decodableOf, decodeBody } from './decode.ts';
import { type Env, kindOf, methodNotSupported } from './env.ts';
import { type Change, guaranteedUpdate } from './guaranteed-update.ts';
import { checkName, settleNamespace, uidOf } from './meta.ts';
import { shownBy } from './shown.ts';
import { findSubresource } from './subresources/table.ts';
import { isLarge, othersTurn } from './turns.ts';

export async function update(
  env: Env,
  context: RequestContext,
  target: Target,
  body: Incoming,
  options: WriteOptions,
): Promise<Answer> {
  const kind = kindOf(env, target, context);
  const subresource = findSubresource(kind, target, 'update');
  const isVirtual = env.virtual.has(`${target.group}/${target.resource}`);
  const forbids = subresource === undefined && !kind.definition.verbs.includes('update');
  if (subresource?.type === 'action' || isVirtual || forbids) throw methodNotSupported(target, 'update');
  const projection = subresource?.type === 'projection' ? subresource : undefined;
  const decoded = decodeBody(
    context,
    projection === undefined ? decodableOf(kind) : shownBy(projection),
    body,
    options,
  );
  const namespace = kind.definition.namespaced ? target.namespace : '';
  settleNamespace(decoded, namespace);
  checkName(decoded, target.name);
  const large = isLarge(body.size);
  if (large) await othersTurn();
  const change: Change = {
    ...{ context, kind, target, options, large },
    ...(projection === undefined ? {} : { projection }),
    view: subresource?.type === 'view' ? subresource : undefined,
    allowCreate: subresource === undefined && kind.strategy.allowCreateOnUpdate === true,
    uid: uidOf(decoded),
    make: () => copy(decoded),
  };
  return guaranteedUpdate(env, change);
}
