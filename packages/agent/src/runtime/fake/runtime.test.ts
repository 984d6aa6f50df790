import { createStepClock } from '@skiff/client/testing';
import { describe } from 'vitest';
import { runtimeSuite } from '../suite.ts';
import { FakeRuntime } from './runtime.ts';

describe('the fake runtime', () => {
  runtimeSuite(async () => {
    const clock = createStepClock();
    const runtime = new FakeRuntime(clock);
    runtime.addImage('suite/shell:1');
    return {
      runtime,
      image: 'suite/shell:1',
      archive: async (tag) => new TextEncoder().encode(tag),
      unknownImage: 'suite/nobody:1',
      async wait(promise) {
        let settled = false;
        const done = (): void => {
          settled = true;
        };
        promise.then(done, done);
        while (!settled) await clock.advance(100);
        return promise;
      },
      now: clock.now,
      close: async () => undefined,
    };
  });
});
