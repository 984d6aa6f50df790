/** H-242: watchers that never read. */
import { PassThrough } from 'node:stream';
import { createStepClock, settle } from '@skiff/client/testing';
import { expect, it } from 'vitest';
import type { RegistryEvent } from '../registry/contract.ts';
import type { Exchange, Outgoing } from './exchange.ts';
import { parseQuery } from './query.ts';
import { serveWatch, stallMs } from './watch.ts';

it('H-242 a watcher that never reads is sent little, and then cut', async () => {
  const clock = createStepClock();
  const response = Object.assign(new PassThrough({ highWaterMark: 16 * 1024 }), {
    ...{ statusCode: 0, headersSent: false, setHeader: () => {} },
  }) as unknown as Outgoing;
  response.on('error', () => {});
  let asked = 0;
  async function* events(): AsyncGenerator<readonly RegistryEvent[]> {
    for (; asked < 100; asked++)
      yield Array.from({ length: 1000 }, () => ({ type: 'ADDED', text: `{"a":"${'x'.repeat(10_000)}"}` }) as const);
  }
  const { signal } = new AbortController();
  const exchange = {
    ...{ method: 'GET', path: '/', query: parseQuery(''), headers: {}, httpVersionMajor: 2, body: new PassThrough() },
    ...{ response, signal, warnings: [], endConnection: () => {} },
  } as unknown as Exchange;
  const representation = { format: 'json', transform: undefined } as const;
  const view = { representation, columns: [], includeObject: 'Metadata', clock } as const;
  const served = serveWatch(exchange, events(), view, signal);
  await settle();
  expect(response.writableLength).toBeLessThan(256 * 1024);
  expect(response.destroyed).toBe(false);
  clock.step(stallMs);
  await served;
  expect([response.destroyed, asked, clock.pending]).toEqual([true, 0, 0]);
});
