/** A client whose calls can be watched, refused, held up, or lose their answers. */
import type { ApiObject, ResourceOf } from '@skiff/api';
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
        await interceptor.before?.(call);
        const answer = await run(...args);
        await interceptor.after?.(call);
        return answer;
      };
    }
    return wrapped as unknown as ResourceClient<T>;
  }
  return { resource: wrap, close: () => client.close() };
}
