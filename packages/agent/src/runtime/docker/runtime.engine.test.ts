/** The suite on a real engine, and what only a real engine can do: go away and come back. */
import { realClock } from '@skiff/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeEvent } from '../contract.ts';
import { runtimeSuite } from '../suite.ts';
import { busyboxArchive } from '../testing/busybox.ts';
import { canRunEngine, type Engine, startEngine } from '../testing/engine.ts';
import { createDockerRuntime, type DockerRuntimeHandle } from './maker.ts';

const image = 'suite/shell:1';

describe.skipIf(!canRunEngine())('Docker (needs root and dockerd)', () => {
  let engine: Engine;
  let handle: DockerRuntimeHandle;
  beforeAll(async () => {
    engine = await startEngine();
    handle = await createDockerRuntime(engine.socketPath, realClock);
    const archive = await busyboxArchive(image);
    await handle.runtime.loadImage(
      (async function* () {
        yield archive;
      })(),
    );
  });
  afterAll(async () => {
    handle.close();
    await engine.remove();
  });

  runtimeSuite(async () => ({
    runtime: handle.runtime,
    image,
    archive: busyboxArchive,
    // Nothing listens there: the engine's own connection is refused.
    unknownImage: 'localhost:1/nobody:1',
    wait: (promise) => promise,
    now: () => Date.now(),
    close: async () => undefined,
  }));

  test('an engine that restarts: calls say so, events go on and say that some may be lost, containers live', async () => {
    const { runtime } = handle;
    const pod = { namespace: 'default', name: 'lasting', uid: 'uid-lasting' };
    const base = { pod, attempt: 0, hostname: 'lasting', network: 'own', ipc: 'own', pid: 'own' } as const;
    const id = await runtime.runSandbox({ ...base, sysctls: {}, labels: {} });
    const { pid } = await runtime.inspect(id);
    const leaving = new AbortController();
    const seen: RuntimeEvent['type'][] = [];
    const reading = (async () => {
      for await (const event of runtime.events(leaving.signal)) {
        seen.push(event.type);
        if (event.type === 'removed') leaving.abort();
      }
    })();
    await engine.halt();
    await expect(runtime.info()).rejects.toMatchObject({ code: 'unavailable' });
    await engine.start();
    expect(await runtime.inspect(id)).toMatchObject({ state: 'running', pid });
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('resync');
    await runtime.removeContainer(id);
    await reading;
    expect(seen.indexOf('resync')).toBeLessThan(seen.indexOf('removed'));
  }, 60_000);
});
