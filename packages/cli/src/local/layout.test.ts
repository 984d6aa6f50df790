import { expect, test } from 'vitest';
import { type ClusterConfig, configFault, defaultConfig, hostLayouts, paths, shapeFault } from './layout.ts';

const config: ClusterConfig = { ...defaultConfig, stateDir: '/srv/lab', name: 'lab', subnet: '10.1.2', nodes: 3 };

test('made hosts have names, addresses and sockets of their own', () => {
  const hosts = hostLayouts(config, 'Machine');
  expect(hosts.map((host) => host.name)).toEqual(['node-1', 'node-2', 'node-3']);
  expect(hosts.map((host) => host.ip)).toEqual(['10.1.2.11', '10.1.2.12', '10.1.2.13']);
  expect(hosts[1]).toEqual({
    name: 'node-2',
    ip: '10.1.2.12',
    netns: 'lab-node-2',
    veth: 'lab-h2',
    dir: '/srv/lab/nodes/node-2',
    runDir: '/run/skiff/lab/node-2',
    dockerSocket: '/run/skiff/lab/node-2/docker.sock',
  });
});

test('device names and socket paths fit into what Linux allows', () => {
  const hosts = hostLayouts({ ...config, name: 'abcdefgh', nodes: 50 }, 'm');
  for (const { veth, dockerSocket } of hosts) {
    expect(veth.length).toBeLessThanOrEqual(15);
    expect(dockerSocket.length).toBeLessThanOrEqual(107);
  }
  expect(new Set(hosts.map((host) => host.ip)).size).toBe(50);
});

test('without made hosts the machine itself is the node, under a name that Kubernetes allows', () => {
  const [host, ...others] = hostLayouts({ ...config, nodes: 0 }, 'Build-Box');
  expect(others).toEqual([]);
  expect(host).toMatchObject({
    name: 'build-box',
    ip: '10.1.2.1',
    netns: undefined,
    dockerSocket: '/var/run/docker.sock',
  });
});

test('every path is below the state folder', () => {
  for (const path of Object.values(paths(config))) expect(path.startsWith('/srv/lab/')).toBe(true);
});

test.each([
  [{}, undefined],
  [{ name: 'a' }, undefined],
  [{ name: 'Lab' }, '--name Lab: 1 to 8 characters of a-z and 0-9, a letter first'],
  [{ name: '1ab' }, '--name 1ab: 1 to 8 characters of a-z and 0-9, a letter first'],
  [{ name: 'abcdefghi' }, '--name abcdefghi: 1 to 8 characters of a-z and 0-9, a letter first'],
  [{ name: '../x' }, '--name ../x: 1 to 8 characters of a-z and 0-9, a letter first'],
  [{ subnet: '10.1' }, '--subnet 10.1: the first three octets of a /24, such as 10.89.0'],
  [{ subnet: '10.1.256' }, '--subnet 10.1.256: the first three octets of a /24, such as 10.89.0'],
  [{ subnet: '10.1.02' }, '--subnet 10.1.02: the first three octets of a /24, such as 10.89.0'],
  [{ subnet: '10.1.2.0' }, '--subnet 10.1.2.0: the first three octets of a /24, such as 10.89.0'],
  [
    { restPort: 12380 },
    'ports 12380, 7443, 12379, 12380: the doors, etcd and etcd’s peer port (one above it) must differ',
  ],
])('configuration %j: %s', (change, fault) => {
  expect(configFault({ ...config, ...change })).toBe(fault);
});

test.each([
  [{}, undefined],
  [{ nodes: 3, name: 'lab' }, undefined],
  [{ nodes: 5 }, 'the cluster was made with --nodes 3; `skiff down` first to change that'],
  [{ restPort: 1 }, 'the cluster was made with --rest-port 6443; `skiff down` first to change that'],
])('a made cluster asked for %j: %s', (asked, fault) => {
  expect(shapeFault(config, asked)).toBe(fault);
});

test('a cluster on the machine’s own engine was made without --nodes', () => {
  expect(shapeFault({ ...config, nodes: 0 }, { nodes: 1 })).toBe(
    'the cluster was made without --nodes; `skiff down` first to change that',
  );
});
