import { expect, onTestFinished, test, vi } from 'vitest';
import { createStepClock, silentLogger } from '../registry/testing.ts';
import { startCompactor } from './compactor.ts';
import { createMemoryStore } from './memory/store.ts';

function given() {
  const store = createMemoryStore();
  const clock = createStepClock();
  const logger = { ...silentLogger, warn: vi.fn() };
  const compact = vi.spyOn(store, 'compact');
  const stop = startCompactor({ store, clock, logger, intervalMs: 1000 });
  onTestFinished(stop);
  const tick = async (): Promise<void> => {
    clock.step(1000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { store, logger, compact, stop, tick };
}

test('history of the last interval is kept, older history goes', async () => {
  const { store, compact, tick } = given();
  await store.create('a', '1');
  await tick();
  expect(compact).not.toHaveBeenCalled();
  const noted = await store.revision();
  await store.create('b', '2');
  await tick();
  expect(compact.mock.calls).toEqual([[noted]]);
  expect((await store.list('', { revision: noted })).documents).toHaveLength(1);
  await tick();
  await expect(store.list('', { revision: noted })).rejects.toMatchObject({ code: 'compacted' });
});

test('a compaction that fails is told and tried again', async () => {
  const { compact, logger, tick } = given();
  await tick();
  compact.mockRejectedValueOnce(new Error('etcd is away'));
  await tick();
  expect(logger.warn).toHaveBeenCalledTimes(1);
  await tick();
  expect(compact).toHaveBeenCalledTimes(2);
});

test('a stopped compactor does nothing', async () => {
  const { compact, stop, tick } = given();
  await tick();
  stop();
  await tick();
  await tick();
  expect(compact).not.toHaveBeenCalled();
});
