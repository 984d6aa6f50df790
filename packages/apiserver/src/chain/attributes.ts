/** What is about to happen, in the words that permission is given in. Both doors say it this way. */
import { type ApiError, forbidden } from '@skiff/api';
import type { UserInfo } from '../registry/contract.ts';

/** A request on a resource; `name` is '' for a collection. */
export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** A request on a path that is no resource (discovery, health, metrics). `verb` is the HTTP method in lower case. */
export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

/** The name that a field selector fixes with `metadata.name=x`, '' when it fixes none: a list or watch of one object is asked for by its name. */
export function nameSelected(selector: string): string {
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=!].*)$/.exec(term);
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
}

/** Only `allow` is a yes. A `deny` ends the question; `no-opinion` lets the next authoriser speak. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'no-opinion';
  /** Which rule allowed it, or why not: shown by `kubectl auth can-i` and in a refusal. */
  readonly reason: string;
}

export interface Authoriser {
  decide(user: UserInfo, attributes: Attributes): Promise<Decision> | Decision;
}

/** Texts that end in an error never look like HTML. */
const plain = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const quote = (text: string): string => JSON.stringify(text);

/** 403 in Kubernetes' words (apiserver's responsewriters.Forbidden). */
export function forbiddenError(user: UserInfo, attributes: Attributes, reason: string): ApiError {
  const why = reason === '' ? '' : `: ${reason}`;
  const who = `User ${quote(user.name)} cannot ${attributes.verb}`;
  if (attributes.type === 'path')
    return forbidden({ group: '', resource: '' }, '', `${plain(`${who} path ${quote(attributes.path)}`)}${why}`);
  const { resource, subresource, group, namespace, name } = attributes;
  const what = quote(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  const text = `${who} resource ${what} in API group ${quote(group)} ${where}`;
  return forbidden({ group, resource }, name, `${plain(text)}${why}`);
}
