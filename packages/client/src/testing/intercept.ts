/** A client whose calls can be watched, refused, held up, or lose their answers. */
import { ApiError, type ApiObject, type ResourceOf } from '@skiff/api';
import type { Client, ResourceClient } from '../contract.ts';

export interface Call {
  readonly verb: Exclude<keyof ResourceClient<ApiObject>, 'resource' | 'watch'>;
  /** `pods`, `deployments`. */
  readonly resource: string;
  readonly args: readonly unknown[];
}

export interface Interceptor {
  /** Before the server sees the call. What it throws is the answer. */
  before?(call: Call): void | Promise<void>;
  /** After the server did it. What it throws is the answer: the write happened, and its writer does not know. */
  after?(call: Call): void | Promise<void>;
}

const verbs = [
  'get',
  'list',
  'create',
  'update',
  'updateStatus',
  'patch',
  'delete',
  'deleteCollection',
  'createSubresource',
] as const satisfies readonly Call['verb'][];

export function intercept(client: Client, interceptor: Interceptor): Client {
  function wrap<T extends ApiObject>(resource: ResourceOf<T>): ResourceClient<T> {
    const inner = client.resource(resource);
    const wrapped: Record<string, unknown> = { ...inner };
    for (const verb of verbs) {
      const run = inner[verb] as (...args: readonly unknown[]) => Promise<unknown>;
      wrapped[verb] = async (...args: readonly unknown[]) => {
        const call = { verb, resource: resource.resource, args };
        const going = async (): Promise<unknown> => {
          await interceptor.before?.(call);
          const answer = await run(...args);
          await interceptor.after?.(call);
          return answer;
        };
        return Promise.race([going(), ...givenUp(args)]);
      };
    }
    return wrapped as unknown as ResourceClient<T>;
  }
  return { resource: wrap, close: () => client.close() };
}

/** Rejects when the caller gives the call up, however long it is held up here. */
function givenUp(args: readonly unknown[]): Promise<never>[] {
  const signals = args.flatMap((arg) => (isSignalled(arg) ? [arg.signal] : []));
  return signals.map(
    (signal) =>
      new Promise((_, reject) => {
        const abort = (): void => reject(new ApiError('Timeout', 'the call was given up by its caller'));
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      }),
  );
}

const isSignalled = (arg: unknown): arg is { readonly signal: AbortSignal } =>
  typeof arg === 'object' && arg !== null && 'signal' in arg && arg.signal instanceof AbortSignal;
