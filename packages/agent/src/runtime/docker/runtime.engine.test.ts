/** The suite on a real engine, and what only a real engine can do: go away and come back. */
import { readlink } from 'node:fs/promises';
import { realClock } from '@skiff/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NamespaceMode, RuntimeEvent } from '../contract.ts';
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

  describe('namespaces', () => {
    const security = {
      ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
      ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' as const },
    };
    async function podOf(name: string) {
      const { runtime } = handle;
      const pod = { namespace: 'default', name, uid: `uid-${name}` };
      const base = { pod, attempt: 0, hostname: name, network: 'own', ipc: 'own', pid: 'own' } as const;
      const sandboxId = await runtime.runSandbox({ ...base, sysctls: {}, labels: {} });
      const run = async (container: string, script: string, pid: NamespaceMode): Promise<string> => {
        const id = await runtime.createContainer({
          ...{ pod, name: container, attempt: 0, sandboxId, image, command: ['sh', '-c'], args: [script] },
          ...{ workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
          ...{ ipc: 'sandbox', pid, resources: {}, labels: {}, security },
        });
        await runtime.startContainer(id);
        return id;
      };
      const say = async (id: string, command: string): Promise<string> => {
        const session = await runtime.exec(id, { command: ['sh', '-c', command], stdin: false, tty: false });
        let said = '';
        for await (const { data } of session.output) said += Buffer.from(data).toString();
        return said;
      };
      const remove = async (): Promise<void> => {
        for (const { id } of await runtime.list({ podUid: pod.uid })) await runtime.removeContainer(id);
      };
      return { sandboxId, run, say, remove };
    }
    const namespaceOf = async (id: string, kind: string): Promise<string> =>
      readlink(`/proc/${(await handle.runtime.inspect(id)).pid}/ns/${kind}`);

    test('containers share the sandbox’s network, name and messages; processes only when asked', async () => {
      const pod = await podOf('joined');
      const alone = await pod.run('alone', 'sleep 1000', 'own');
      const shared = await pod.run('shared', 'sleep 1000', 'sandbox');
      const aimed = await pod.run('aimed', 'sleep 1000', { container: alone });
      for (const kind of ['net', 'ipc']) {
        for (const id of [alone, shared])
          expect(await namespaceOf(id, kind)).toBe(await namespaceOf(pod.sandboxId, kind));
      }
      expect(await namespaceOf(alone, 'pid')).not.toBe(await namespaceOf(pod.sandboxId, 'pid'));
      expect(await namespaceOf(shared, 'pid')).toBe(await namespaceOf(pod.sandboxId, 'pid'));
      expect(await namespaceOf(aimed, 'pid')).toBe(await namespaceOf(alone, 'pid'));
      expect(await pod.say(shared, 'cat /etc/hostname')).toBe('joined\n');
      await pod.remove();
    });

    test('the pause program reaps what containers leave behind, and ends on SIGTERM', async () => {
      const pod = await podOf('reaped');
      const id = await pod.run('app', '(true &); (true &); sleep 1000', 'sandbox');
      await expect.poll(() => pod.say(id, 'ps -o stat')).not.toContain('Z');
      await handle.runtime.stopContainer(pod.sandboxId, 10_000);
      expect(await handle.runtime.inspect(pod.sandboxId)).toMatchObject({ state: 'exited', exitCode: 0 });
      await pod.remove();
    });
  });

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
    await expect.poll(() => seen).toContain('resync');
    await runtime.removeContainer(id);
    await reading;
    expect(seen.indexOf('resync')).toBeLessThan(seen.indexOf('removed'));
  }, 60_000);
});
