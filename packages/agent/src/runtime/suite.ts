/** What every keeper of the runtime seam must do: one suite, run on the fake and on a real engine. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type ContainerSpec, type OutputChunk, type Runtime, RuntimeError, type RuntimeEvent } from './contract.ts';

export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  /** An image that is there, whose shell knows what the suite's scripts say. */
  readonly image: string;
  /** An image of this tag as an archive that `loadImage` takes. */
  readonly archive: (tag: string) => Promise<Uint8Array>;
  /** A reference that no registry serves. */
  readonly unknownImage: string;
  /** Waits for the promise, letting time pass where it must be made to. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>;
  readonly now: () => number;
  readonly close: () => Promise<void>;
}

const decode = (chunks: readonly OutputChunk[], channel: OutputChunk['channel']): string =>
  Buffer.concat(chunks.filter((chunk) => chunk.channel === channel).map(({ data }) => data)).toString();

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

export function runtimeSuite(make: () => Promise<RuntimeUnderTest>): void {
  let under: RuntimeUnderTest;
  let serial = 0;
  beforeAll(async () => {
    under = await make();
  });
  afterAll(() => under.close());

  const wait = <T>(promise: Promise<T>): Promise<T> => under.wait(promise);
  const code = (promise: Promise<unknown>): Promise<string> =>
    wait(
      promise.then(
        () => 'none',
        (error: unknown) => (error instanceof RuntimeError ? error.code : `not a RuntimeError: ${error}`),
      ),
    );

  /** A sandbox of a new pod. */
  async function sandbox() {
    serial += 1;
    const pod = { namespace: 'default', name: `pod-${serial}`, uid: `uid-${serial}` };
    const base = { pod, attempt: 0, hostname: pod.name, network: 'own', ipc: 'own', pid: 'own' } as const;
    const sandboxId = await wait(
      under.runtime.runSandbox({ ...base, sysctls: {}, labels: { 'x.test/of': 'sandbox' } }),
    );
    onTestFinished(async () => {
      for (const { id } of await under.runtime.list({ podUid: pod.uid })) await under.runtime.removeContainer(id);
    });
    const spec = (name: string, script: string, part: Partial<ContainerSpec> = {}): ContainerSpec => ({
      ...{ pod, name, attempt: 0, sandboxId, image: under.image, command: ['sh', '-c'], args: [script] },
      ...{ workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
      // Not process 1 of its own namespace, where signals without a handler do nothing.
      ...{ ipc: 'sandbox', pid: 'sandbox', resources: {}, labels: { 'x.test/of': name } },
      security: {
        ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
        ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' },
      },
      ...part,
    });
    const create = (name: string, script: string, part: Partial<ContainerSpec> = {}): Promise<string> =>
      wait(under.runtime.createContainer(spec(name, script, part)));
    const run = async (name: string, script: string, part: Partial<ContainerSpec> = {}): Promise<string> => {
      const id = await create(name, script, part);
      await wait(under.runtime.startContainer(id));
      return id;
    };
    return { pod, sandboxId, spec, create, run };
  }

  const state = async (id: string) => (await under.runtime.inspect(id)).state;

  async function exited(id: string) {
    const isDead = async (): Promise<void> => {
      while ((await state(id)) !== 'exited') await wait(new Promise((resolve) => setImmediate(resolve)));
    };
    await wait(isDead());
    return under.runtime.inspect(id);
  }

  const logsOf = (id: string, part: { tail?: number; sinceMs?: number; timestamps?: boolean; follow?: boolean } = {}) =>
    wait(
      collect(
        under.runtime.logs(id, { follow: false, timestamps: false, signal: new AbortController().signal, ...part }),
      ),
    );

  describe('the life of a container', () => {
    test('sandbox and containers are found again by their pod, with all their labels', async () => {
      const { pod, sandboxId, run } = await sandbox();
      const id = await run('app', 'sleep 1000', { attempt: 3 });
      const found = await under.runtime.list({ podUid: pod.uid });
      const own = { pod, state: 'running' };
      expect(found).toHaveLength(2);
      expect(found.find((one) => one.id === sandboxId)).toMatchObject({
        ...own,
        role: 'sandbox',
        name: '',
        attempt: 0,
      });
      expect(found.find((one) => one.id === id)).toMatchObject({ ...own, role: 'container', name: 'app', attempt: 3 });
      const status = await under.runtime.inspect(id);
      expect(status.labels).toMatchObject({ 'x.test/of': 'app', 'io.skiff.sandbox.id': sandboxId });
      expect(status).toMatchObject({ finishedAt: 0, exitCode: 0, oomKilled: false, startError: '', tty: false });
      expect(status.pid).toBeGreaterThan(0);
      expect(status.startedAt).toBeGreaterThanOrEqual(status.createdAt);
      expect(await under.runtime.list({ podUid: 'nobody' })).toEqual([]);
    });

    test('a container is created, runs and ends with its exit code', async () => {
      const { create } = await sandbox();
      const id = await create('app', 'exit 7');
      expect(await under.runtime.inspect(id)).toMatchObject({ state: 'created', startedAt: 0, pid: 0 });
      await wait(under.runtime.startContainer(id));
      const status = await exited(id);
      expect(status).toMatchObject({ exitCode: 7, pid: 0, startError: '' });
      expect(status.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
    });

    test('a program that does not exist: the start fails, and the container tells why', async () => {
      const { create } = await sandbox();
      const id = await create('app', '', { command: ['/no/such/program'], args: [] });
      expect(await code(under.runtime.startContainer(id))).toBe('startFailed');
      const status = await under.runtime.inspect(id);
      expect(status.state).toBe('exited');
      expect(status.exitCode).toBeGreaterThan(0);
      expect(status.startError).toContain('/no/such/program');
      expect(status.finishedAt).toBeGreaterThan(0);
    });

    test('a second one of the same pod, name and attempt is refused', async () => {
      const { pod, create } = await sandbox();
      await create('app', 'sleep 1000');
      expect(await code(create('app', 'sleep 1000'))).toBe('nameInUse');
      const base = { pod, attempt: 0, hostname: 'x', network: 'own', ipc: 'own', pid: 'own' } as const;
      expect(await code(under.runtime.runSandbox({ ...base, sysctls: {}, labels: {} }))).toBe('nameInUse');
      expect(await under.runtime.list({ podUid: pod.uid })).toHaveLength(2);
    });

    test('is removed whether it runs or not, and twice', async () => {
      const { pod, sandboxId, run, create } = await sandbox();
      for (const id of [await run('app', 'sleep 1000'), await create('other', 'true'), sandboxId]) {
        await wait(under.runtime.removeContainer(id));
        await wait(under.runtime.removeContainer(id));
        expect(await code(under.runtime.inspect(id))).toBe('notFound');
      }
      expect(await under.runtime.list({ podUid: pod.uid })).toEqual([]);
    });
  });

  describe('stopping', () => {
    test('a signal is enough for a program that listens', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'exec sleep 1000');
      await wait(under.runtime.stopContainer(id, 30_000));
      expect(await under.runtime.inspect(id)).toMatchObject({ state: 'exited', exitCode: 143 });
    });

    test('one that does not listen is killed when the grace is over, not before', async () => {
      const { run } = await sandbox();
      const id = await run('app', "trap '' TERM; echo deaf; sleep 1000");
      await heard(id, 'deaf');
      const before = under.now();
      await wait(under.runtime.stopContainer(id, 1000));
      expect(under.now() - before).toBeGreaterThanOrEqual(1000);
      expect(await under.runtime.inspect(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    test('a second call with less grace takes over', async () => {
      const { run } = await sandbox();
      const id = await run('app', "trap '' TERM; echo deaf; sleep 1000");
      await heard(id, 'deaf');
      const patient = under.runtime.stopContainer(id, 600_000);
      await wait(under.runtime.stopContainer(id, 1000));
      expect(await state(id)).toBe('exited');
      await wait(patient);
    });

    test('no grace is a kill', async () => {
      const { run } = await sandbox();
      const id = await run('app', "trap '' TERM; echo deaf; sleep 1000");
      await heard(id, 'deaf');
      await wait(under.runtime.stopContainer(id, 0));
      expect(await under.runtime.inspect(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    test('what is dead, was never started or does not exist is stopped already', async () => {
      const { run, create, sandboxId } = await sandbox();
      const id = await run('app', 'exit 3');
      await exited(id);
      await wait(under.runtime.stopContainer(id, 1000));
      await wait(under.runtime.stopContainer(id, 0));
      expect((await under.runtime.inspect(id)).exitCode).toBe(3);
      await wait(under.runtime.stopContainer(await create('other', 'true'), 1000));
      await wait(under.runtime.stopContainer('f'.repeat(64), 1000));
      await wait(under.runtime.stopContainer('f'.repeat(64), 0));
      await wait(under.runtime.stopContainer(sandboxId, 1000));
      expect(await state(sandboxId)).toBe('exited');
    });
  });

  /** Waits until the container has said `text`. */
  async function heard(id: string, text: string): Promise<void> {
    const leaving = new AbortController();
    const listen = async (): Promise<void> => {
      let said = '';
      const options = { follow: true, timestamps: false, signal: leaving.signal };
      for await (const { data } of under.runtime.logs(id, options)) {
        said += new TextDecoder().decode(data);
        if (said.includes(text)) return;
      }
    };
    await wait(listen());
    leaving.abort();
  }

  describe('exec', () => {
    test('has the command’s two outputs and its exit code', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const command = ['sh', '-c', 'echo out; echo err >&2; exit 5'];
      const session = await wait(under.runtime.exec(id, { command, stdin: false, tty: false }));
      const said = await wait(collect(session.output));
      expect([decode(said, 'stdout'), decode(said, 'stderr')]).toEqual(['out\n', 'err\n']);
      expect(await session.exitCode()).toBe(5);
    });

    test('always has an exit code once its output has ended', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      for (let i = 0; i < 20; i += 1) {
        const session = await wait(under.runtime.exec(id, { command: ['true'], stdin: false, tty: false }));
        await wait(collect(session.output));
        expect(await session.exitCode()).toBe(0);
      }
    });

    test('the end of its input reaches the command, which still answers', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const session = await wait(under.runtime.exec(id, { command: ['cat'], stdin: true, tty: false }));
      await session.write(encode('one '));
      await session.write(encode('two'));
      session.closeInput();
      await session.write(encode('too late'));
      expect(decode(await wait(collect(session.output)), 'stdout')).toBe('one two');
      expect(await session.exitCode()).toBe(0);
    });

    test('a command without input meets its end at once', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const session = await wait(under.runtime.exec(id, { command: ['cat'], stdin: false, tty: false }));
      expect(await wait(collect(session.output))).toEqual([]);
      expect(await session.exitCode()).toBe(0);
    });

    test('a terminal has one output, and a size', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const command = ['sh', '-c', 'echo out; echo err >&2; sleep 1'];
      const session = await wait(under.runtime.exec(id, { command, stdin: true, tty: true }));
      await wait(session.resize({ columns: 120, rows: 40 }));
      const said = await wait(collect(session.output));
      expect(decode(said, 'stderr')).toBe('');
      expect(decode(said, 'stdout').replaceAll('\r', '')).toBe('out\nerr\n');
    });

    test('a command that does not exist ends with 126 or 127', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const session = await wait(under.runtime.exec(id, { command: ['/no/such'], stdin: false, tty: false }));
      await wait(collect(session.output));
      expect([126, 127]).toContain(await session.exitCode());
    });

    test('closing ends a command that still runs', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const command = ['sh', '-c', 'echo begun; sleep 1000'];
      const session = await wait(under.runtime.exec(id, { command, stdin: false, tty: false }));
      const output = session.output[Symbol.asyncIterator]();
      expect((await wait(output.next())).done).toBe(false);
      await wait(session.close());
      const ended = async (): Promise<number | undefined> => {
        for (;;) {
          const result = await session.exitCode();
          if (result !== undefined) return result;
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      expect(await wait(ended())).toBe(137);
      expect(await state(id)).toBe('running');
    });

    test('needs a container that runs', async () => {
      const { run, create } = await sandbox();
      const options = { command: ['true'], stdin: false, tty: false };
      const id = await run('app', 'exit 0');
      await exited(id);
      expect(await code(under.runtime.exec(id, options))).toBe('notRunning');
      expect(await code(under.runtime.exec(await create('other', 'true'), options))).toBe('notRunning');
      expect(await code(under.runtime.exec('f'.repeat(64), options))).toBe('notFound');
    });
  });

  describe('attach', () => {
    test('speaks with the main process, which ends with its input', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'cat', { stdin: true, stdinOnce: true });
      const session = await wait(under.runtime.attach(id, { stdin: true }));
      const output = wait(collect(session.output));
      expect(await session.exitCode()).toBeUndefined();
      await session.write(encode('hello'));
      session.closeInput();
      expect(decode(await output, 'stdout')).toBe('hello');
      await exited(id);
      expect(await session.exitCode()).toBe(0);
    });

    test('leaving does not end the container', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const session = await wait(under.runtime.attach(id, { stdin: false }));
      await wait(session.close());
      expect(await state(id)).toBe('running');
    });

    test('needs a container that runs', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'exit 0');
      await exited(id);
      expect(await code(under.runtime.attach(id, { stdin: false }))).toBe('notRunning');
      expect(await code(under.runtime.attach('f'.repeat(64), { stdin: false }))).toBe('notFound');
    });
  });

  describe('logs', () => {
    test('of a dead container: whole, by channel, from the end', async () => {
      const { run } = await sandbox();
      // The two outputs reach the engine by two pipes: only time puts them in order.
      const id = await run('app', 'echo one; echo two >&2; sleep 1; echo three');
      await exited(id);
      const all = await logsOf(id);
      expect([decode(all, 'stdout'), decode(all, 'stderr')]).toEqual(['one\nthree\n', 'two\n']);
      expect(decode(await logsOf(id, { tail: 1 }), 'stdout')).toBe('three\n');
      expect(await logsOf(id, { tail: 0 })).toEqual([]);
      expect(decode(await logsOf(id, { follow: true }), 'stdout')).toBe('one\nthree\n');
    });

    test('since a moment, and with their times', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'echo one; sleep 2; echo two');
      const { startedAt, finishedAt } = await exited(id);
      expect(decode(await logsOf(id, { sinceMs: startedAt + 1000 }), 'stdout')).toBe('two\n');
      expect(await logsOf(id, { sinceMs: finishedAt + 60_000 })).toEqual([]);
      const [first = ''] = decode(await logsOf(id, { timestamps: true }), 'stdout').split('\n');
      expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one$/);
    });

    test('followed until the container dies', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'echo one; sleep 1; echo two');
      expect(decode(await logsOf(id, { follow: true }), 'stdout')).toBe('one\ntwo\n');
    });

    test('followed until the reader leaves', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'echo one; sleep 1000');
      const leaving = new AbortController();
      const read = async (): Promise<string> => {
        let said = '';
        const options = { follow: true, timestamps: false, signal: leaving.signal };
        for await (const { data } of under.runtime.logs(id, options)) {
          said += new TextDecoder().decode(data);
          leaving.abort();
        }
        return said;
      };
      expect(await wait(read())).toBe('one\n');
    });

    test('of nothing are an error', async () => {
      expect(await code(logsOf('f'.repeat(64)))).toBe('notFound');
    });
  });

  describe('events', () => {
    test('tell of the agent’s containers from the call on, until the reader leaves', async () => {
      const leaving = new AbortController();
      const seen: RuntimeEvent[] = [];
      const { pod, run } = await sandbox();
      const reading = (async () => {
        for await (const event of under.runtime.events(leaving.signal)) {
          seen.push(event);
          if (event.type === 'removed') leaving.abort();
        }
      })();
      // Until the first event has come the subscription may still be on its way: nothing may be lost meanwhile.
      const id = await run('app', 'exit 4');
      await exited(id);
      await wait(under.runtime.removeContainer(id));
      await wait(reading);
      const own = seen.filter((event) => event.type !== 'resync' && event.id === id);
      expect(own.map(({ type }) => type)).toEqual(['started', 'died', 'removed']);
      expect(own[0]).toMatchObject({ podUid: pod.uid, name: 'app' });
    });
  });

  describe('images', () => {
    test('come by archive, are found by tag and id, and go', async () => {
      const tag = 'suite/loaded:1';
      const archive = await under.archive(tag);
      async function* parts() {
        for (let at = 0; at < archive.length; at += 65_536) yield archive.subarray(at, at + 65_536);
      }
      expect(await wait(under.runtime.loadImage(parts()))).toEqual([tag]);
      const image = await under.runtime.imageStatus(tag);
      expect(image?.tags).toContain(tag);
      expect((await under.runtime.imageStatus(image?.id ?? ''))?.id).toBe(image?.id);
      expect((await under.runtime.listImages()).map(({ id }) => id)).toContain(image?.id);
      await wait(under.runtime.removeImage(tag));
      expect(await under.runtime.imageStatus(tag)).toBeUndefined();
      expect(await code(under.runtime.removeImage(tag))).toBe('notFound');
    });

    test('that nobody has are told apart from those that cannot be had', async () => {
      expect(await under.runtime.imageStatus(under.unknownImage)).toBeUndefined();
      expect(await code(under.runtime.pullImage(under.unknownImage, {}))).toBe('imagePull');
      const { create } = await sandbox();
      expect(await code(create('app', 'true', { image: under.unknownImage }))).toBe('imageNotFound');
    });
  });

  describe('facts', () => {
    test('of the host and the engine', async () => {
      const info = await under.runtime.info();
      expect(info.cpus).toBeGreaterThan(0);
      expect(info.memoryBytes).toBeGreaterThan(0);
      expect(['amd64', 'arm64']).toContain(info.architecture);
      expect((await under.runtime.version()).version).not.toBe('');
    });

    test('of a running container', async () => {
      const { run } = await sandbox();
      const id = await run('app', 'sleep 1000');
      const stats = await wait(under.runtime.stats(id));
      expect(stats.cpuNanoseconds).toBeGreaterThan(0n);
      expect(stats.memoryUsageBytes).toBeGreaterThanOrEqual(stats.memoryWorkingSetBytes);
      expect(stats.time).toBeGreaterThan(0);
      expect(stats.pids).toBeGreaterThan(0);
      expect(await wait(under.runtime.diskBytes(id))).toBeGreaterThanOrEqual(0);
    });

    test('of what does not exist: notFound', async () => {
      const nobody = 'f'.repeat(64);
      expect(await code(under.runtime.inspect(nobody))).toBe('notFound');
      expect(await code(under.runtime.startContainer(nobody))).toBe('notFound');
      expect(await code(under.runtime.stats(nobody))).toBe('notFound');
      expect(await code(under.runtime.diskBytes(nobody))).toBe('notFound');
    });
  });
}
