/** What etcd's failures mean to a store. */
import { status } from '@grpc/grpc-js';
import { StoreError } from '../contract.ts';

const codeOf = (error: unknown): number | undefined => (error as { code?: number } | undefined)?.code;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A read that failed: nothing happened, it may be tried again. */
export function readError(key: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = textOf(error);
  if (text.includes('required revision has been compacted'))
    return new StoreError('compacted', key, text, { cause: error });
  if (text.includes('required revision is a future revision'))
    return new StoreError('future', key, text, { cause: error });
  return new StoreError('unavailable', key, text, { cause: error });
}

/** A write that failed without an answer: it may have happened all the same, unless etcd itself refused it. */
export function writeError(key: string, error: unknown): StoreError {
  const text = textOf(error);
  if (text.includes('request is too large') || codeOf(error) === status.RESOURCE_EXHAUSTED)
    return new StoreError('too-large', key, text, { cause: error });
  if (text.includes('no space') || text.includes('database space exceeded'))
    return new StoreError('unavailable', key, text, { cause: error });
  return new StoreError('unknown-outcome', key, text, { cause: error });
}
