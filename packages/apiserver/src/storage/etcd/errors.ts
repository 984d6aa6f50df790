/** What etcd's failures mean to a store. */
import { StoreError } from '../contract.ts';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The request as a whole was refused. */
const tooLarge = [
  'request is too large',
  // --max-txn-ops below its default: a shared transaction is taken apart then.
  'too many operations in txn request',
  'received message larger than max',
];

/** A read that failed: nothing happened, it may be tried again. */
export function readError(key: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = textOf(error);
  if (text.includes('required revision has been compacted'))
    return new StoreError('compacted', key, text, { cause: error });
  if (tooLarge.some((words) => text.includes(words))) return new StoreError('too-large', key, text, { cause: error });
  if (text.includes('required revision is a future revision'))
    return new StoreError('future', key, text, { cause: error });
  return new StoreError('unavailable', key, text, { cause: error });
}

/** etcd refused before it did anything. */
const refused = ['database space exceeded', 'no space', 'too many requests'];

/** A write that failed without an answer: it may have happened all the same, unless etcd itself refused it. */
export function writeError(key: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = textOf(error);
  if (tooLarge.some((words) => text.includes(words))) return new StoreError('too-large', key, text, { cause: error });
  if (refused.some((words) => text.includes(words))) return new StoreError('unavailable', key, text, { cause: error });
  return new StoreError('unknown-outcome', key, text, { cause: error });
}
