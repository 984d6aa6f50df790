import { expect, test } from 'vitest';
import {
  adminKubeconfig,
  agentDaemon,
  apiserverDaemon,
  controllerDaemon,
  etcdDaemon,
  pkiPlace,
  schedulerDaemon,
} from './components.ts';
import type { DaemonSpec } from './daemons.ts';
import { type ClusterConfig, defaultConfig, hostLayouts } from './layout.ts';

const config: ClusterConfig = { ...defaultConfig, stateDir: '/srv/lab', name: 'lab', subnet: '10.1.2', nodes: 2 };

/** The value behind an option. */
const optionOf = ({ args }: DaemonSpec, option: string): string | undefined => args[args.indexOf(option) + 1];

test('etcd listens on loopback only and asks for a certificate of its own authority', () => {
  const etcd = etcdDaemon(config);
  expect(optionOf(etcd, '--listen-client-urls')).toBe('https://127.0.0.1:12379');
  expect(optionOf(etcd, '--listen-peer-urls')).toBe('http://127.0.0.1:12380');
  expect(etcd.args).toContain('--client-cert-auth');
  expect(optionOf(etcd, '--trusted-ca-file')).toBe('/srv/lab/pki/etcd-ca.crt');
});

test('the API server listens for the hosts and for this machine', () => {
  const apiserver = apiserverDaemon(config);
  expect(optionOf(apiserver, '--rest-listen')).toBe('10.1.2.1:6443,127.0.0.1:6443');
  expect(optionOf(apiserver, '--grpc-listen')).toBe('10.1.2.1:7443,127.0.0.1:7443');
  expect(optionOf(apiserver, '--etcd')).toBe('https://127.0.0.1:12379');
  expect(optionOf(apiserver, '--ca-file')).toBe('/srv/lab/pki/ca.crt');
  expect(optionOf(apiserver, '--etcd-ca-file')).toBe('/srv/lab/pki/etcd-ca.crt');
});

test('scheduler and controllers come with certificates of their own', () => {
  expect(optionOf(schedulerDaemon(config), '--cert-file')).toBe('/srv/lab/pki/scheduler.crt');
  expect(optionOf(controllerDaemon(config), '--cert-file')).toBe('/srv/lab/pki/controller.crt');
  expect(optionOf(controllerDaemon(config), '--cluster-cidr')).toBe('10.244.0.0/16');
});

test('an agent of a made host runs inside its network; the machine’s own does not', () => {
  const [made] = hostLayouts(config, 'm');
  const [own] = hostLayouts({ ...config, nodes: 0 }, 'm');
  if (made === undefined || own === undefined) throw new Error('no hosts');
  const inside = agentDaemon(config, made, '/token');
  expect(inside).toMatchObject({ name: 'agent-node-1', command: 'nsenter' });
  expect(inside.args[0]).toBe('--net=/run/netns/lab-node-1');
  expect(inside.args[1]).toBe(process.execPath);
  expect(optionOf(inside, '--node-ip')).toBe('10.1.2.11');
  expect(agentDaemon(config, own, '/token')).toMatchObject({ name: 'agent-m', command: process.execPath });
});

test('the kubeconfig names the cluster after itself', () => {
  expect(adminKubeconfig(config)).toEqual({
    file: '/srv/lab/kubeconfig',
    name: 'skiff-lab',
    pki: '/srv/lab/pki',
    rest: '10.1.2.1:6443',
    grpc: '10.1.2.1:7443',
  });
  expect(adminKubeconfig({ ...config, name: 'skiff' }).name).toBe('skiff');
});

test('the certificates name the control plane’s address', () => {
  expect(pkiPlace(config)).toMatchObject({ dir: '/srv/lab/pki', serverIPs: ['10.1.2.1'] });
});
