import { expect, test } from 'vitest';
import { createOpenCalls } from './open-calls.ts';

test('the end of the server ends the calls that are open, and those that come later', () => {
  const server = new AbortController();
  const calls = createOpenCalls(server.signal);
  const [open, over] = [calls.open(), calls.open()];
  calls.close(over);
  const reason = new Error('the server is shutting down');
  server.abort(reason);
  expect(open.signal.reason).toBe(reason);
  expect(over.signal.aborted).toBe(false);
  expect(calls.open().signal.reason).toBe(reason);
});

test('a call that ends by itself leaves the others alone', () => {
  const calls = createOpenCalls(new AbortController().signal);
  const [one, other] = [calls.open(), calls.open()];
  one.abort(new Error('the caller hung up'));
  expect(other.signal.aborted).toBe(false);
});
