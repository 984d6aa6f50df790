/** A node on the fake runtime with one pod, linked to a server in memory. */
import { PassThrough } from 'node:stream';
import { notFound, type Pod } from '@skiff/api';
import {
  createKeepingLogger,
  createStepClock,
  type KeepingLogger,
  type StepClock,
  settle,
} from '@skiff/client/testing';
import type { ContainerSpec } from '../../runtime/contract.ts';
import { FakeRuntime } from '../../runtime/fake/runtime.ts';
import { type PodPlace, runLink } from '../index.ts';
import { createServerEnd, type ServerEnd } from './server-end.ts';

export interface TestNode {
  readonly clock: StepClock;
  readonly runtime: FakeRuntime;
  readonly logger: KeepingLogger;
  readonly sandboxId: string;
  /** The ends of the links so far, oldest first. */
  readonly ends: readonly ServerEnd[];
  /** The newest. */
  readonly end: ServerEnd;
  /** What the agent knows of its pods. */
  readonly pods: Map<string, Pod>;
  /** Connections into the pod: what was asked for, and the far ends. */
  readonly dialled: { readonly place: PodPlace; readonly port: number; readonly socket: PassThrough }[];
  start(name: string, script: string, options?: Partial<ContainerSpec>): Promise<string>;
  stop(): Promise<void>;
}

export const pod = { namespace: 'default', name: 'p', uid: 'u1' };

export async function startTestNode(options: { random?: number } = {}): Promise<TestNode> {
  const clock = createStepClock();
  const runtime = new FakeRuntime(clock);
  runtime.addImage('busybox');
  const logger = createKeepingLogger();
  const pods = new Map<string, Pod>();
  const sandboxId = await runtime.runSandbox({
    ...{ pod, attempt: 0, hostname: 'p', network: 'own', ipc: 'own', pid: 'own', sysctls: {}, labels: {} },
  });
  const ends: ServerEnd[] = [];
  const dialled: TestNode['dialled'][number][] = [];
  const attempts = new Map<string, number>();
  const stop = new AbortController();
  const done = runLink(
    {
      ...{ nodeName: 'n', agentVersion: '1', runtime, pods, clock, logger },
      servers: [
        {
          endpoint: 'a:7443',
          open() {
            const end = createServerEnd();
            ends.push(end);
            stop.signal.addEventListener('abort', () => end.end(), { once: true });
            return end.duplex;
          },
        },
      ],
      async dial(place, port) {
        if (port === 81) throw new Error('dial tcp4 127.0.0.1:81: connect: connection refused');
        const socket = new PassThrough();
        dialled.push({ place, port, socket });
        return socket;
      },
      host: async () => ({
        ...{ time: clock.now(), cpuNanoseconds: 5_000_000_000n, memoryTotalBytes: 1000 },
        ...{ memoryUsageBytes: 400, memoryWorkingSetBytes: 300 },
      }),
      async *pages(path) {
        if (path !== 'metrics') throw notFound({ group: '', resource: 'pages' }, path);
        yield Buffer.from('up 1\n');
      },
      random: () => options.random ?? 0,
    },
    stop.signal,
  );
  await settle();
  return {
    ...{ clock, runtime, logger, sandboxId, ends, pods, dialled },
    get end() {
      return ends.at(-1) as ServerEnd;
    },
    async start(name, script, more = {}) {
      const attempt = attempts.get(name) ?? 0;
      attempts.set(name, attempt + 1);
      const id = await runtime.createContainer({
        ...{ pod, name, attempt, sandboxId, image: 'busybox', command: ['sh', '-c', script], args: [] },
        ...{ workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
        ...{ ipc: 'sandbox', pid: 'own', resources: {}, labels: {} },
        security: {
          ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
          ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' },
        },
        ...more,
      });
      await runtime.startContainer(id);
      await settle();
      return id;
    },
    async stop() {
      stop.abort();
      await done;
    },
  };
}
