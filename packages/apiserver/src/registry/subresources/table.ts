/** What a kind offers below its objects, beside what the doors do themselves (log, exec, attach, portforward, proxy). */
import { ApiError, type JsonObject, type Verb } from '@skiff/api';
import type { Answer, Incoming, RequestContext, Target, WriteOptions } from '../contract.ts';
import type { Kind } from '../definition-table.ts';
import { type Env, methodNotSupported } from '../env.ts';
import { approval } from './approval.ts';
import { binding } from './binding.ts';
import { ephemeralContainers } from './ephemeral-containers.ts';
import { eviction } from './eviction.ts';
import { finalize } from './finalize.ts';
import { scale } from './scale.ts';
import { status } from './status.ts';
import { token } from './token.ts';

/** The same document, of which only a part may change. */
export interface View {
  readonly type: 'view';
  /** Leaves out what no writer of this subresource can mean to change, before it is asked who changed what. */
  narrow?(object: JsonObject, old: JsonObject): void;
  /** Puts back what this subresource may not change, and does what its change brings with it. May throw ApiError. */
  prepare(kind: Kind, object: JsonObject, old: JsonObject, change: ViewChange): void;
}

export interface ViewChange {
  readonly context: RequestContext;
  readonly nowMs: number;
}

/** Another kind of object that stands for a part of the document. */
export interface Projection {
  readonly type: 'projection';
  readonly shown: { readonly group: string; readonly version: string; readonly kind: string };
  /** `isChange`: it is shown to be changed, and need not be whole. */
  get(kind: Kind, object: JsonObject, isChange?: boolean): JsonObject;
  /** Carries the part over into `object`. Throws ApiError Invalid. */
  put(kind: Kind, object: JsonObject, part: JsonObject): void;
}

/** Something that is done with an object; it can only be created. */
export interface Action {
  readonly type: 'action';
  readonly taken: { readonly group: string; readonly version: string; readonly kind: string };
  run(env: Env, action: ActionRequest): Promise<Answer>;
}

export interface ActionRequest {
  readonly context: RequestContext;
  readonly kind: Kind;
  readonly target: Target;
  readonly body: Incoming;
  readonly options: WriteOptions;
}

export type Subresource = View | Projection | Action;

const everywhere: ReadonlyMap<string, Subresource> = new Map<string, Subresource>([
  ['status', status],
  ['scale', scale],
]);

const ofKinds: ReadonlyMap<string, Subresource> = new Map<string, Subresource>([
  ['/pods/binding', binding],
  ['/pods/eviction', eviction],
  ['/pods/ephemeralcontainers', ephemeralContainers],
  ['/namespaces/finalize', finalize],
  ['/serviceaccounts/token', token],
  ['certificates.k8s.io/certificatesigningrequests/approval', approval],
]);

/**
 * The subresource a request names; undefined when it is about the object itself. Throws NotFound when the kind has none of
 * that name, and MethodNotAllowed when it does not take the verb.
 */
export function findSubresource(kind: Kind, target: Target, verb: Verb): Subresource | undefined {
  const name = target.subresource;
  if (name === '') return undefined;
  const offered = kind.definition.subresources.find((each) => each.name === name);
  const found = ofKinds.get(`${kind.definition.group}/${kind.definition.resource}/${name}`) ?? everywhere.get(name);
  if (offered === undefined || found === undefined) {
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  }
  if (!offered.verbs.includes(verb)) {
    throw methodNotSupported({ group: target.group, resource: `${target.resource}/${name}` }, verb);
  }
  return found;
}
