/** The proxy's shell over a pretended machine: when it writes rules, when it does not, and its health check ports. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { CommandRunner } from '../network/command.ts';
import { filledInformers, recordingLogger, steppedClock } from '../network/testing/doubles.ts';
import { node, service, slice } from '../network/testing/objects.ts';
import { startProxy } from './index.ts';

function pretendedMachine() {
  const scripts: string[] = [];
  let failures = 0;
  let tables = '';
  const run: CommandRunner = async (command, args, options) => {
    if (command === 'nft' && args[0] === '-f') {
      if (failures > 0) {
        failures -= 1;
        return { code: 1, stdout: '', stderr: 'no' };
      }
      scripts.push(options?.stdin ?? '');
      tables = 'table ip skiff\n';
      return { code: 0, stdout: '', stderr: '' };
    }
    if (command === 'nft' && args[1] === 'tables') return { code: 0, stdout: tables, stderr: '' };
    return { code: 1, stdout: '', stderr: 'not here' };
  };
  return {
    run,
    scripts,
    fail: (times: number) => {
      failures = times;
    },
    flush: () => {
      tables = '';
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

function started() {
  const machine = pretendedMachine();
  const informers = filledInformers();
  const clock = steppedClock();
  const logger = recordingLogger();
  const stop = new AbortController();
  const proxy = startProxy(
    {
      ...{ nodeName: 'n1', nodeIP: '192.168.0.1', informers, clock, logger, run: machine.run },
      ...{ clusterCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/12', ownAddresses: [], healthHost: '127.0.0.1' },
    },
    stop.signal,
  );
  return { machine, informers, clock, logger, stop, proxy };
}

const ready = { ready: true, serving: true, terminating: false };

describe('rules', () => {
  test('are not written before all lists are read', async () => {
    const { machine, informers, clock, proxy, stop } = started();
    informers.put(service('default/web', { clusterIP: '10.96.0.5' }));
    await clock.step(1000);
    expect(machine.scripts).toEqual([]);
    expect(proxy.notReady()).toMatch(/not read yet/);
    informers.sync();
    await clock.step(1000);
    expect(machine.scripts).toHaveLength(1);
    expect(proxy.notReady()).toBeUndefined();
    stop.abort();
  });

  test('of many changes at once are written once, and only what changed', async () => {
    const { machine, informers, clock, stop } = started();
    informers.sync();
    informers.put(node('n1'), service('default/web', { clusterIP: '10.96.0.5' }));
    await clock.step(1000);
    for (let i = 1; i <= 50; i += 1) informers.put(slice('default/web', [{ ip: `10.244.1.${i}`, ...ready }]));
    await clock.step(1000);
    expect(machine.scripts).toHaveLength(2);
    expect(machine.scripts[1]).toBe(
      [
        'add table ip skiff',
        'add map ip skiff endpoints/cluster/by-address/tcp { typeof ip daddr . tcp dport . numgen random mod 2 : ip daddr . tcp dport ; }',
        'add chain ip skiff pick/cluster/by-address/tcp/1',
        'flush chain ip skiff pick/cluster/by-address/tcp/1',
        'add element ip skiff services { 10.96.0.5 . tcp . 80 : goto pick/cluster/by-address/tcp/1 }',
        'delete element ip skiff refused-services { 10.96.0.5 . tcp . 80 }',
        'add element ip skiff endpoints/cluster/by-address/tcp { 10.96.0.5 . 80 . 0 : 10.244.1.50 . 8080 }',
        'add rule ip skiff pick/cluster/by-address/tcp/1 meta l4proto tcp dnat ip addr . port to ip daddr . tcp dport . numgen random mod 1 map @endpoints/cluster/by-address/tcp',
        '',
      ].join('\n'),
    );
    await clock.step(59_000);
    informers.put(slice('default/web', [{ ip: '10.244.1.60', ...ready }]));
    await clock.step(1000);
    expect(machine.scripts[2]?.trim().split('\n')).toEqual([
      'add table ip skiff',
      'delete element ip skiff endpoints/cluster/by-address/tcp { 10.96.0.5 . 80 . 0 }',
      'add element ip skiff endpoints/cluster/by-address/tcp { 10.96.0.5 . 80 . 0 : 10.244.1.60 . 8080 }',
    ]);
    stop.abort();
  });

  test('that cannot be written are a reason not to be ready, and are tried again, later each time', async () => {
    const { machine, informers, clock, proxy, stop } = started();
    informers.sync();
    machine.fail(4);
    await clock.step(60);
    expect(proxy.notReady()).toMatch(/service rules: nft/);
    expect(machine.scripts).toEqual([]);
    await clock.step(490);
    expect(machine.scripts).toEqual([]);
    await clock.step(1100);
    expect(machine.scripts).toHaveLength(1);
    expect(proxy.notReady()).toBeUndefined();
    stop.abort();
  });

  test('that someone flushed are written again', async () => {
    const { machine, informers, clock, stop } = started();
    informers.sync();
    informers.put(service('default/web', { clusterIP: '10.96.0.5' }));
    await clock.step(1000);
    await clock.step(120_000);
    expect(machine.scripts).toHaveLength(1);
    machine.flush();
    await clock.step(120_000);
    expect(machine.scripts).toHaveLength(2);
    expect(machine.scripts[1]).toBe(machine.scripts[0]);
    stop.abort();
  });

  test('stay when the proxy stops', async () => {
    const { machine, informers, clock, stop } = started();
    informers.sync();
    await clock.step(1000);
    stop.abort();
    informers.put(service('default/web', { clusterIP: '10.96.0.5' }));
    await clock.step(600_000);
    expect(machine.scripts).toHaveLength(1);
    expect(clock.waiting).toBe(0);
  });

  test('change with the zone of the node', async () => {
    const { machine, informers, clock, stop } = started();
    informers.sync();
    const near = [
      { ip: '10.244.1.1', zones: ['z1'], ...ready },
      { ip: '10.244.1.2', zones: ['z2'], ...ready },
    ];
    informers.put(
      service('default/web', { clusterIP: '10.96.0.5' }),
      slice('default/web', near),
      node('n1', { zone: 'z1' }),
    );
    await clock.step(1000);
    expect(machine.scripts[0]).not.toContain('10.244.1.2');
    informers.put(node('n1', { zone: 'z2' }));
    await clock.step(1000);
    expect(machine.scripts[1]).toContain('10.244.1.2');
    stop.abort();
  });
});

describe('a health check port', () => {
  test('says whether the node has endpoints, and closes with its service', async () => {
    const { informers, clock, logger, stop } = started();
    const port = await freePort();
    const balanced = service('default/web', {
      ...{ type: 'LoadBalancer' as const, clusterIP: '10.96.0.5', externalTrafficPolicy: 'Local' as const },
      healthCheckNodePort: port,
    });
    const check = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/healthz`);
    informers.sync();
    informers.put(balanced, slice('default/web', [{ ip: '10.244.1.2', node: 'n2', ...ready }]));
    await clock.step(1000);
    const without = await check();
    expect(without.status).toBe(503);
    expect(await without.json()).toEqual({
      service: { namespace: 'default', name: 'web' },
      localEndpoints: 0,
      serviceProxyHealthy: true,
    });
    informers.put(slice('default/web', [{ ip: '10.244.1.3', node: 'n1', ...ready }]));
    await clock.step(1000);
    const withOne = await check();
    expect(withOne.status).toBe(200);
    expect(withOne.headers.get('x-load-balancing-endpoint-weight')).toBe('1');
    informers.remove(balanced);
    await clock.step(1000);
    await expect(check()).rejects.toThrow();
    expect(logger.complaints).toEqual([]);
    stop.abort();
  });

  test('that is taken is told, and harms nothing else', async () => {
    const { machine, informers, clock, logger, stop } = started();
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const bound = holder.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    informers.sync();
    informers.put(
      service('default/web', {
        ...{ type: 'LoadBalancer' as const, clusterIP: '10.96.0.5', externalTrafficPolicy: 'Local' as const },
        healthCheckNodePort: port,
      }),
    );
    await clock.step(1000);
    await expect.poll(() => logger.complaints).toContain('health check port cannot be listened on');
    expect(machine.scripts).toHaveLength(1);
    stop.abort();
    holder.close();
  });
});
