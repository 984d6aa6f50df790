/** The pod network and the service rules against the real kernel, CNI plugins, nft and iptables, in hosts of the test's own. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from '@skiff/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServiceProxy, startProxy } from '../proxy/index.ts';
import { output } from './command.ts';
import { type StartedPodNetwork, startPodNetwork } from './index.ts';
import { filledInformers, recordingLogger, runningClock } from './testing/doubles.ts';
import { type Host, newLab } from './testing/lab.ts';
import { node, service, slice } from './testing/objects.ts';

const ranges = { clusterCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/12' };

describe.skipIf(process.getuid?.() !== 0)('on real hosts (needs root)', () => {
  const lab = newLab();
  const informers = filledInformers();
  const stop = new AbortController();
  const hosts = new Map<string, Host>();
  const pods = new Map<string, Host>();
  const ips = new Map<string, string>();
  const networks = new Map<string, StartedPodNetwork>();
  const proxies = new Map<string, ServiceProxy>();
  const logger = recordingLogger();
  let rootDir = '';

  const hostOf = (name: string): Host => hosts.get(name) as Host;
  const podOf = (name: string): Host => pods.get(name) as Host;
  const ipOf = (name: string): string => ips.get(name) as string;
  const networkOf = (name: string): StartedPodNetwork => networks.get(name) as StartedPodNetwork;

  const common = (name: string, nodeIP: string) => ({
    ...{ nodeName: name, nodeIP, informers, clock: runningClock, logger, run: hostOf(name).run },
    ...ranges,
  });

  const networkOn = (name: string, nodeIP: string, signal: AbortSignal): Promise<StartedPodNetwork> => {
    const dns = { clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local' };
    const own = { rootDir: join(rootDir, name), cniBinDir: '/usr/lib/cni' };
    return startPodNetwork({ ...common(name, nodeIP), ...dns, ...own }, signal);
  };

  const startOn = async (name: string, nodeIP: string): Promise<void> => {
    networks.set(name, await networkOn(name, nodeIP, stop.signal));
    proxies.set(name, startProxy({ ...common(name, nodeIP), ownAddresses: ['10.96.0.10'] }, stop.signal));
  };

  const sandboxOf = (name: string, hostPorts: Parameters<StartedPodNetwork['attach']>[0]['hostPorts'] = []) => ({
    namespace: 'default',
    name,
    uid: `uid-${name}`,
    sandboxId: `sandbox-${name}`,
    netnsPath: `/run/netns/${podOf(name).netns}`,
    hostPorts,
  });

  const startPod = async (name: string, on: string, hostPorts?: Parameters<typeof sandboxOf>[1]): Promise<void> => {
    pods.set(name, await lab.host(name));
    const attached = await networkOf(on).attach(sandboxOf(name, hostPorts));
    ips.set(name, attached.ips[0] as string);
    await lab.serve(podOf(name), name, 8080);
  };

  const settled = async (): Promise<void> => {
    await Promise.all([...networks.values(), ...proxies.values()].map((one) => one.settled()));
  };

  beforeAll(async () => {
    rootDir = await mkdtemp(join(tmpdir(), 'skiff-network-'));
    // n1 and n2 on one wire; n3 behind the router.
    for (const name of ['wire', 'router', 'n1', 'n2', 'n3', 'out']) hosts.set(name, await lab.host(name));
    const wire = hostOf('wire');
    await output(wire.run, 'ip', ['link', 'add', 'name', 'br', 'type', 'bridge']);
    await output(wire.run, 'ip', ['link', 'set', 'dev', 'br', 'up']);
    for (const [name, address] of [
      ['n1', '192.168.77.1/24'],
      ['n2', '192.168.77.2/24'],
      ['router', '192.168.77.254/24'],
      ['out', '192.168.77.99/24'],
    ] as const) {
      await lab.cable(hostOf(name), 'eth0', address, wire, `to-${name}`, '');
      await output(wire.run, 'ip', ['link', 'set', 'dev', `to-${name}`, 'master', 'br']);
    }
    await lab.cable(hostOf('router'), 'eth1', '192.168.78.254/24', hostOf('n3'), 'eth0', '192.168.78.3/24');
    await output(hostOf('router').run, 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
    for (const name of ['n1', 'n2', 'out'])
      await output(hostOf(name).run, 'ip', ['route', 'add', '192.168.78.0/24', 'via', '192.168.77.254']);
    await output(hostOf('n3').run, 'ip', ['route', 'add', '192.168.77.0/24', 'via', '192.168.78.254']);
    // What dockerd does to every host it runs on.
    for (const name of ['n1', 'n2', 'n3']) await output(hostOf(name).run, 'iptables', ['-w', '-P', 'FORWARD', 'DROP']);

    informers.sync();
    informers.put(
      node('n1', { podCIDR: '10.244.1.0/24', ip: '192.168.77.1' }),
      node('n2', { podCIDR: '10.244.2.0/24', ip: '192.168.77.2' }),
      node('n3', { podCIDR: '10.244.3.0/24', ip: '192.168.78.3' }),
    );
    await startOn('n1', '192.168.77.1');
    await startOn('n2', '192.168.77.2');
    await startOn('n3', '192.168.78.3');
    await settled();
    await startPod('a', 'n1');
    await startPod('b', 'n1', [{ hostIP: '', hostPort: 8088, containerPort: 8080, protocol: 'TCP' }]);
    await startPod('c', 'n2');
    await startPod('d', 'n3');
  }, 60_000);

  afterAll(async () => {
    stop.abort();
    await lab.tearDown();
    await rm(rootDir, { recursive: true, force: true });
  }, 60_000);

  test('every node says that it is ready, and gives pods addresses of its own range', () => {
    for (const name of ['n1', 'n2', 'n3']) expect(networkOf(name).notReady()).toBeUndefined();
    expect(ipOf('a')).toMatch(/^10\.244\.1\./);
    expect(ipOf('c')).toMatch(/^10\.244\.2\./);
    expect(ipOf('d')).toMatch(/^10\.244\.3\./);
  });

  test.each([
    ['a', 'b', 'on the same node'],
    ['a', 'c', 'on the same wire'],
    ['a', 'd', 'through the tunnel'],
    ['d', 'c', 'through the tunnel, the other way'],
  ])('pod %s reaches pod %s %s, with its own address', async (from, to) => {
    for (const protocol of ['tcp', 'udp'] as const)
      expect(await lab.ask(podOf(from), protocol, ipOf(to), 8080)).toEqual([`${to} ${ipOf(from)}`]);
  });

  test('attaching again changes nothing', async () => {
    expect(await networkOf('n1').attach(sandboxOf('a'))).toEqual({ ips: [ipOf('a')] });
  });

  test('a host port leads to the pod: from outside, from the node, from loopback, from the pod itself', async () => {
    expect(await lab.ask(hostOf('out'), 'tcp', '192.168.77.1', 8088)).toEqual(['b 192.168.77.99']);
    expect((await lab.ask(hostOf('n1'), 'tcp', '192.168.77.1', 8088))[0]).toMatch(/^b /);
    expect((await lab.ask(hostOf('n1'), 'tcp', '127.0.0.1', 8088))[0]).toMatch(/^b /);
    expect((await lab.ask(podOf('b'), 'tcp', '192.168.77.1', 8088))[0]).toMatch(/^b /);
    expect((await lab.ask(podOf('c'), 'tcp', '192.168.77.1', 8088))[0]).toMatch(/^b /);
  });

  test('a pod that speaks to a machine outside the cluster has its node for a face', async () => {
    await lab.serve(hostOf('out'), 'out', 9999);
    expect(await lab.ask(podOf('a'), 'tcp', '192.168.77.99', 9999)).toEqual(['out 192.168.77.1']);
  });

  test('addresses of the cluster that nobody has end on the node', async () => {
    const error = await lab.ask(podOf('a'), 'tcp', '10.244.99.1', 80);
    expect(error[0]).toMatch(/^error: E(HOST|NET)UNREACH$/);
  });

  describe('services', () => {
    const ready = { ready: true, serving: true, terminating: false };
    const web = service('default/web', {
      type: 'NodePort',
      clusterIP: '10.96.0.5',
      ports: [
        { name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' },
        { name: 'udp', port: 80, nodePort: 30080, protocol: 'UDP' },
      ],
    });
    const ports = [
      { name: 'http', port: 8080, protocol: 'TCP' as const },
      { name: 'udp', port: 8080, protocol: 'UDP' as const },
    ];
    const onAll = () =>
      slice(
        'default/web',
        [
          { ip: ipOf('b'), node: 'n1', ...ready },
          { ip: ipOf('c'), node: 'n2', ...ready },
          { ip: ipOf('d'), node: 'n3', ...ready },
        ],
        ports,
      );
    const names = (answers: readonly string[]): string[] =>
      [...new Set(answers.map((one) => one.split(' ')[0] ?? ''))].sort();

    beforeAll(async () => {
      informers.put(web, onAll());
      await settled();
    });

    test('a cluster IP spreads over all endpoints and keeps the pod address', async () => {
      for (const protocol of ['tcp', 'udp'] as const) {
        const answers = await lab.ask(podOf('a'), protocol, '10.96.0.5', 80, 40);
        expect(names(answers)).toEqual(['b', 'c', 'd']);
        expect(new Set(answers.map((one) => one.split(' ')[1]))).toEqual(new Set([ipOf('a')]));
      }
    });

    test('a cluster IP works from the nodes themselves, and for a pod that reaches itself', async () => {
      for (const name of ['n1', 'n3'])
        expect(names(await lab.ask(hostOf(name), 'tcp', '10.96.0.5', 80, 40))).toEqual(['b', 'c', 'd']);
      expect(names(await lab.ask(podOf('b'), 'tcp', '10.96.0.5', 80, 40))).toEqual(['b', 'c', 'd']);
    });

    test('a node port answers outsiders on every node', async () => {
      for (const address of ['192.168.77.1', '192.168.77.2', '192.168.78.3'])
        expect(names(await lab.ask(hostOf('out'), 'tcp', address, 30080, 40))).toEqual(['b', 'c', 'd']);
    });

    test('external Local keeps the outsider address and drops where there is no endpoint', async () => {
      const local: Service = { ...web, spec: { ...web.spec, externalTrafficPolicy: 'Local' } };
      informers.put(local);
      informers.put(slice('default/web', [{ ip: ipOf('b'), node: 'n1', ...ready }], ports));
      await settled();
      expect(await lab.ask(hostOf('out'), 'tcp', '192.168.77.1', 30080)).toEqual(['b 192.168.77.99']);
      expect(await lab.ask(hostOf('out'), 'tcp', '192.168.77.2', 30080)).toEqual(['error: TIMEOUT']);
      expect(names(await lab.ask(podOf('c'), 'tcp', '192.168.77.2', 30080, 3))).toEqual(['b']);
      informers.put(web, onAll());
      await settled();
    });

    test('session affinity holds a client to one endpoint, and survives another endpoint and a restart of the proxy', async () => {
      const sticky = service('default/sticky', { clusterIP: '10.96.0.6', sessionAffinity: 'ClientIP' });
      const some = [
        { ip: ipOf('b'), node: 'n1', ...ready },
        { ip: ipOf('c'), node: 'n2', ...ready },
      ];
      informers.put(sticky, slice('default/sticky', some));
      await settled();
      const first = names(await lab.ask(podOf('a'), 'tcp', '10.96.0.6', 80, 20));
      expect(first).toHaveLength(1);
      informers.put(slice('default/sticky', [...some, { ip: ipOf('d'), node: 'n3', ...ready }]));
      await settled();
      expect(names(await lab.ask(podOf('a'), 'tcp', '10.96.0.6', 80, 20))).toEqual(first);
      const again = new AbortController();
      const { run } = hostOf('n1');
      const common = {
        nodeName: 'n1',
        nodeIP: '192.168.77.1',
        informers,
        clock: runningClock,
        logger,
        run,
      };
      const second = startProxy({ ...common, ...ranges, ownAddresses: [] }, again.signal);
      await second.settled();
      expect(second.notReady()).toBeUndefined();
      again.abort();
      expect(names(await lab.ask(podOf('a'), 'tcp', '10.96.0.6', 80, 20))).toEqual(first);
    });

    test('without endpoints a connection is refused at once; unknown ports too', async () => {
      informers.put(service('default/empty', { clusterIP: '10.96.0.7' }));
      await settled();
      expect(await lab.ask(podOf('a'), 'tcp', '10.96.0.7', 80)).toEqual(['error: ECONNREFUSED']);
      expect(await lab.ask(podOf('a'), 'tcp', '10.96.0.5', 81)).toEqual(['error: ECONNREFUSED']);
      expect(await lab.ask(hostOf('n1'), 'tcp', '10.96.0.7', 80)).toEqual(['error: ECONNREFUSED']);
    });

    test('a UDP flow does not outlive its endpoint, and finds one that came later', async () => {
      const dns = service('default/dns', {
        clusterIP: '10.96.0.8',
        ports: [{ name: 'udp', port: 53, protocol: 'UDP' }],
      });
      const at = (name: string, on: string) =>
        slice('default/dns', [{ ip: ipOf(name), node: on, ...ready }], [ports[1] ?? {}]);
      const flow = await lab.udpFlow(podOf('a'), '10.96.0.8', 53);
      expect(await flow.ask()).toMatch(/^error: /);
      informers.put(dns, at('b', 'n1'));
      await settled();
      expect(await flow.ask()).toBe(`b ${ipOf('a')}`);
      informers.put(at('c', 'n2'));
      await settled();
      expect(await flow.ask()).toBe(`c ${ipOf('a')}`);
      flow.close();
    });

    test('a flushed firewall is noticed', async () => {
      await output(hostOf('n1').run, 'nft', ['delete', 'table', 'ip', 'skiff']);
      await proxies.get('n1')?.settled();
      expect(names(await lab.ask(podOf('a'), 'tcp', '10.96.0.5', 80, 40))).toEqual(['b', 'c', 'd']);
    });
  });

  test('an attachment whose namespace lost its device is made anew', async () => {
    await output(podOf('c').run, 'ip', ['link', 'delete', 'eth0']);
    expect(logger.complaints).toEqual([]);
    const { ips: found } = await networkOf('n2').attach(sandboxOf('c'));
    expect(logger.complaints.splice(0)).toEqual(['sandbox lost its network, attaching it again']);
    ips.set('c', found[0] as string);
    expect(await lab.ask(podOf('a'), 'tcp', ipOf('c'), 8080)).toEqual([`c ${ipOf('a')}`]);
  });

  test('detaching frees the address; doing it again, or for nobody, succeeds', async () => {
    pods.set('e', await lab.host('e'));
    await networkOf('n1').attach(
      sandboxOf('e', [{ hostIP: '', hostPort: 8099, containerPort: 8080, protocol: 'TCP' }]),
    );
    const store = join(rootDir, 'n1', 'network', 'addresses', 'skiff');
    const held = async (): Promise<number> => (await readdir(store)).filter((name) => name.startsWith('10.')).length;
    expect(await held()).toBe(3);
    await networkOf('n1').detach(sandboxOf('e'));
    await networkOf('n1').detach({ ...sandboxOf('e'), netnsPath: '' });
    await networkOf('n1').detach({ ...sandboxOf('e'), sandboxId: 'never-seen', netnsPath: '' });
    expect(await held()).toBe(2);
    expect(await output(hostOf('n1').run, 'nft', ['list', 'map', 'ip', 'skiff-pods', 'host-ports'])).not.toContain(
      '8099',
    );
  });

  test('a failed attachment leaves nothing behind', async () => {
    await expect(networkOf('n1').attach({ ...sandboxOf('e'), netnsPath: '/run/netns/none' })).rejects.toThrow(
      /CNI plugin/,
    );
    expect(await networkOf('n1').collectGarbage(async () => ['sandbox-a', 'sandbox-b'])).toEqual([]);
  });

  test('garbage collection frees what the dead hold, after a restart', async () => {
    await networkOf('n1').attach(sandboxOf('e'));
    const again = new AbortController();
    const second = await networkOn('n1', '192.168.77.1', again.signal);
    await second.settled();
    expect(await second.collectGarbage(async () => ['sandbox-a', 'sandbox-b'])).toEqual(['sandbox-e']);
    expect(await second.attach(sandboxOf('b'))).toEqual({ ips: [ipOf('b')] });
    again.abort();
  });

  test('routes follow the nodes', async () => {
    const routes = (): Promise<string> => output(hostOf('n1').run, 'ip', ['route', 'show', 'proto', '83']);
    expect(await routes()).toContain('10.244.3.0/24 via 10.244.3.0 dev skiff.vx');
    informers.remove(node('n3'));
    informers.put(node('n2', { podCIDR: '10.244.7.0/24', ip: '192.168.77.2' }));
    await networkOf('n1').settled();
    expect((await routes()).split('\n').map((line) => line.trim())).toEqual([
      '10.96.0.0/12 dev skiff0 scope link src 192.168.77.1',
      'unreachable 10.96.0.0/12 metric 4278198272',
      'unreachable 10.244.0.0/16 metric 4278198272',
      '10.244.7.0/24 via 192.168.77.2 dev eth0',
    ]);
    await expect(output(hostOf('n1').run, 'ip', ['link', 'show', 'skiff.vx'])).rejects.toThrow(/does not exist/);
  });

  test('cleanup leaves no trace', async () => {
    // Nothing failed on the way, and no table had to be rebuilt from nothing.
    expect(logger.complaints).toEqual([]);
    stop.abort();
    const { run } = hostOf('n1');
    for (const name of ['a', 'b']) await networkOf('n1').detach(sandboxOf(name));
    await proxies.get('n1')?.cleanup();
    await networkOf('n1').cleanup();
    expect(await output(run, 'nft', ['list', 'tables', 'ip'])).not.toContain('skiff');
    expect(await output(run, 'iptables-save', [])).not.toContain('skiff');
    expect(await output(run, 'ip', ['route', 'show', 'proto', '83'])).toBe('');
    const links = await output(run, 'ip', ['-o', 'link', 'show']);
    expect(links).not.toMatch(/skiff|veth/);
    await expect(readdir(join(rootDir, 'n1', 'network'))).rejects.toThrow(/ENOENT/);
  });
});
