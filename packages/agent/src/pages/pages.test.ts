import { createStepClock, pod } from '@skiff/client/testing';
import { describe, expect, test, vi } from 'vitest';
import { defaultThresholds, parseThresholds } from '../eviction/thresholds.ts';
import { createProbeTally } from '../probes/tally.ts';
import { type ContainerSpec, RuntimeError } from '../runtime/contract.ts';
import { FakeRuntime } from '../runtime/fake/runtime.ts';
import { exposition } from './exposition.ts';
import { createPages } from './index.ts';
import { parseCgroup, parseDevices } from './proc.ts';

const web = { namespace: 'shop', name: 'web', uid: 'u1' };

const containerOf = (name: string, sandboxId: string): ContainerSpec => ({
  ...{ pod: web, name, attempt: 0, sandboxId, image: 'busybox', command: ['sh', '-c', 'sleep inf'], args: [] },
  ...{ workingDir: '', env: [], mounts: [], devices: [], stdin: false, stdinOnce: false, tty: false },
  ...{ ipc: 'sandbox', pid: 'own', resources: {}, labels: {} },
  security: {
    ...{ privileged: false, supplementalGroups: [], addCapabilities: [], dropCapabilities: [] },
    ...{ readOnlyRootFilesystem: false, noNewPrivileges: false, procMount: 'default' },
  },
});

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    1000      10    1    2    0     0          0         0     2000      20    3    4    0     0       0          0
`;

async function setup({ hostNetwork = false } = {}) {
  const clock = createStepClock();
  const runtime = new FakeRuntime(clock);
  runtime.addImage('busybox');
  const sandboxId = await runtime.runSandbox({
    ...{ pod: web, attempt: 0, hostname: 'web', network: 'own', ipc: 'own', pid: 'own', sysctls: {}, labels: {} },
  });
  const start = async (name: string): Promise<string> => {
    const id = await runtime.createContainer(containerOf(name, sandboxId));
    await runtime.startContainer(id);
    return id;
  };
  const ids = [await start('a'), await start('b')];
  const probes = createProbeTally();
  const unreadable = new Set<number>();
  const bytesOf = createPages({
    ...{ nodeName: 'n1', agentVersion: 'v1', runtime, probes, clock },
    ...{ clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local', dockerSocket: '/run/docker.sock' },
    ...{ imageMarks: { high: 0.85, low: 0.8 }, maxPods: 110, registerNode: true, rootDir: '/var', taints: [] },
    thresholds: parseThresholds(defaultThresholds),
    pods: { get: (uid) => (uid === 'u1' ? pod('web', { spec: { containers: [], hostNetwork } }) : undefined) },
    host: async () => ({
      ...{ time: clock.now(), cpuNanoseconds: 5_500_000_000n, memoryTotalBytes: 1000 },
      ...{ memoryUsageBytes: 400, memoryWorkingSetBytes: 300 },
    }),
    logDir: '/nowhere',
    process: () => ({ cpuSeconds: 1.5, residentBytes: 100, heapBytes: 50, startedMs: 2000 }),
    async readProc(pid, file) {
      if (unreadable.has(pid)) throw new Error('ESRCH');
      return file === 'cgroup' ? `0::/docker/of-${pid}\n` : netDev;
    },
  });
  const pages = async (path: string): Promise<string> => Buffer.concat(await Array.fromAsync(bytesOf(path))).toString();
  return { runtime, pages, ids, sandboxId, probes, unreadable };
}

/** Samples of one family, without its timestamps. */
const samples = (text: string, name: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.replace(/ \d{13}$/, ''));

describe('/metrics/resource', () => {
  test('tells of the node, its pods and their containers', async () => {
    const { pages } = await setup();
    const text = await pages('metrics/resource');
    expect(text.split('\n').filter((line) => line.startsWith('# TYPE'))).toEqual([
      '# TYPE container_cpu_usage_seconds_total counter',
      '# TYPE container_memory_working_set_bytes gauge',
      '# TYPE container_start_time_seconds gauge',
      '# TYPE node_cpu_usage_seconds_total counter',
      '# TYPE node_memory_working_set_bytes gauge',
      '# TYPE pod_cpu_usage_seconds_total counter',
      '# TYPE pod_memory_working_set_bytes gauge',
      '# TYPE resource_scrape_error gauge',
    ]);
    expect(text).toContain('node_cpu_usage_seconds_total 5.5 1767323045000\n');
    expect(samples(text, 'container_memory_working_set_bytes')).toEqual([
      'container_memory_working_set_bytes{container="a",namespace="shop",pod="web"} 1000000',
      'container_memory_working_set_bytes{container="b",namespace="shop",pod="web"} 1000000',
    ]);
    expect(samples(text, 'pod_memory_working_set_bytes')).toEqual([
      'pod_memory_working_set_bytes{namespace="shop",pod="web"} 2000000',
    ]);
    expect(samples(text, 'container_start_time_seconds')[0]).toBe(
      'container_start_time_seconds{container="a",namespace="shop",pod="web"} 1767323045',
    );
  });

  test('leaves out what has ended, and fails when the engine is away', async () => {
    const { pages, runtime, ids } = await setup();
    const stats = runtime.stats.bind(runtime);
    runtime.stats = async (id) => {
      if (id === ids[0]) throw new RuntimeError('notRunning', 'ended');
      return stats(id);
    };
    expect(samples(await pages('metrics/resource'), 'container_cpu_usage_seconds_total')).toHaveLength(1);
    runtime.list = async () => {
      throw new RuntimeError('unavailable', 'away');
    };
    await expect(pages('metrics/resource')).rejects.toThrow('away');
  });
});

describe('/metrics/cadvisor', () => {
  test('has cAdvisor’s labels, and the sandbox has the pod’s network', async () => {
    const { pages, runtime, ids, sandboxId } = await setup();
    const text = await pages('metrics/cadvisor');
    const { pid, image } = await runtime.inspect(ids[0] ?? '');
    const labels = `container="a",id="/docker/of-${pid}",image="${image}",name="${ids[0]}",namespace="shop",pod="web"`;
    expect(samples(text, 'container_memory_usage_bytes')).toContain(`container_memory_usage_bytes{${labels}} 2000000`);
    expect(samples(text, 'container_cpu_usage_seconds_total')[0]).toBe(
      'container_cpu_usage_seconds_total{container="",id="/",image="",name="",namespace="",pod="",cpu="total"} 5.5',
    );
    const [received] = samples(text, 'container_network_receive_bytes_total');
    expect(received).toMatch(new RegExp(`^.*\\{container="",.*name="${sandboxId}".*interface="eth0"\\} 1000$`));
    expect(samples(text, 'container_network_transmit_packets_dropped_total')[0]).toMatch(/ 4$/);
  });

  test('a pod on the host’s network has none of its own; what ends meanwhile is left out', async () => {
    const { pages, runtime, ids, unreadable } = await setup({ hostNetwork: true });
    unreadable.add((await runtime.inspect(ids[0] ?? '')).pid);
    const text = await pages('metrics/cadvisor');
    expect(text).not.toContain('container_network');
    expect(samples(text, 'container_threads')).toHaveLength(1);
  });
});

test('/metrics tells of the agent', async () => {
  const { pages } = await setup();
  const text = await pages('metrics');
  expect(text).toContain('kubelet_node_name{node="n1"} 1\n');
  expect(text).toContain('kubelet_running_containers{container_state="running"} 2\n');
  expect(text).toContain('kubelet_running_pods 1\n');
  expect(text).toContain('process_start_time_seconds 2\n');
});

test('/metrics/probes counts outcomes until the pod is forgotten', async () => {
  const { pages, probes } = await setup();
  expect(await pages('metrics/probes')).toBe('');
  for (const outcome of ['success', 'success', 'failure'] as const) probes.add(pod('web'), 'a', 'liveness', outcome);
  expect(samples(await pages('metrics/probes'), 'prober_probe_total')).toEqual([
    'prober_probe_total{container="a",namespace="default",pod="web",pod_uid="uid-of-web",probe_type="Liveness",result="successful"} 2',
    'prober_probe_total{container="a",namespace="default",pod="web",pod_uid="uid-of-web",probe_type="Liveness",result="failed"} 1',
  ]);
  probes.forget('uid-of-web');
  expect(probes.counts()).toEqual([]);
});

test('/runningpods lists what runs, /configz what the agent was told, and another page is not there', async () => {
  const { pages } = await setup();
  expect(JSON.parse(await pages('runningpods'))).toMatchObject({
    kind: 'PodList',
    items: [{ metadata: web, spec: { containers: [{ name: 'a' }, { name: 'b' }] } }],
  });
  expect(JSON.parse(await pages('configz'))).toMatchObject({
    kubeletconfig: {
      clusterDNS: ['10.96.0.10'],
      containerRuntimeEndpoint: 'unix:///run/docker.sock',
      evictionHard: { 'memory.available': '104857600', 'nodefs.available': '10%' },
      imageGCHighThresholdPercent: 85,
      maxPods: 110,
    },
  });
  await expect(pages('logs/')).rejects.toMatchObject({ reason: 'NotFound' });
  await expect(pages('metrics/other')).rejects.toMatchObject({ reason: 'NotFound' });
});

test('texts are escaped, numbers are Prometheus’, and an empty family is left out', () => {
  const one = (value: number, text = '') => ({ labels: { l: text }, value });
  expect(
    exposition([
      { name: 'empty', help: '', type: 'gauge', samples: [] },
      {
        name: 'm',
        help: 'a\\b\nc',
        type: 'gauge',
        samples: [one(1.5, 'a"b\\c\nd'), one(Number.POSITIVE_INFINITY), one(Number.NaN), one(1e21)],
      },
    ]),
  ).toBe('# HELP m a\\\\b\\nc\n# TYPE m gauge\nm{l="a\\"b\\\\c\\nd"} 1.5\nm{l=""} +Inf\nm{l=""} NaN\nm{l=""} 1e+21\n');
});

test.each([
  ['0::/system.slice/docker-1.scope\n', '/system.slice/docker-1.scope'],
  ['12:memory:/docker/1\n2:cpu,cpuacct:/other\n0::/\n', '/docker/1'],
  ['3:blkio,memory,pids:/docker/1\n', '/docker/1'],
  ['', '/'],
])('the control group of %j is %s', (text, path) => expect(parseCgroup(text)).toBe(path));

test('devices are read but for the loopback', () => {
  expect(parseDevices(netDev)).toEqual([
    {
      device: 'eth0',
      receive: { bytes: 1000, packets: 10, errors: 1, dropped: 2 },
      transmit: { bytes: 2000, packets: 20, errors: 3, dropped: 4 },
    },
  ]);
});

test('H-246 thousands that ask for a page at once have it made once; who comes later gets a new one', async () => {
  const { pages, runtime } = await setup();
  const list = vi.spyOn(runtime, 'list');
  const paths = ['metrics', 'metrics/cadvisor', 'metrics/resource', 'runningpods'];
  const once = async (): Promise<number> => {
    list.mockClear();
    for (const path of paths) await pages(path);
    return list.mock.calls.length;
  };
  const alone = await once();
  list.mockClear();
  const all = await Promise.all(paths.flatMap((path) => Array.from({ length: 1000 }, () => pages(path))));
  expect(new Set(all).size).toBe(paths.length);
  expect(list.mock.calls).toHaveLength(alone);
  expect(await once()).toBe(alone);
});

test('H-246 a page that could not be made is made anew for the next', async () => {
  const { pages, runtime } = await setup();
  vi.spyOn(runtime, 'list').mockRejectedValueOnce(new RuntimeError('unavailable', 'away'));
  await expect(pages('runningpods')).rejects.toThrow('away');
  expect(JSON.parse(await pages('runningpods')).kind).toBe('PodList');
});
