import { containerLabel } from '@skiff/agent';
import { expect, test } from 'vitest';
import { engineDaemon, ownLabel } from './engine.ts';
import { defaultConfig, hostLayouts } from './layout.ts';

test('what is removed is what agents label', () => {
  expect(ownLabel).toBe(containerLabel.role);
});

test('an engine of a host keeps to places and names of its own', () => {
  const config = { ...defaultConfig, stateDir: '/srv/lab', name: 'lab', nodes: 2 };
  const daemons = hostLayouts(config, 'm').map((host) => engineDaemon(config, host));
  for (const option of ['--data-root', '--exec-root', '--pidfile', '--host', '--containerd-namespace']) {
    const values = daemons.map(({ args }) => args[args.indexOf(option) + 1]);
    expect(new Set(values).size).toBe(2);
  }
  expect(daemons[0]?.args).toContain('--cgroup-parent=/skiff-lab');
});
