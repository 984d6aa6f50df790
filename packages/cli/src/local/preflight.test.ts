import { expect, test } from 'vitest';
import { defaultConfig } from './layout.ts';
import { subnetFault } from './preflight.ts';

const config = { ...defaultConfig, stateDir: '/srv/lab', name: 'lab', subnet: '10.1.2' };

test.each([
  [{ lo: [{ address: '127.0.0.1' }], eth0: [{ address: '10.1.20.5' }] }, undefined],
  [{ 'lab-br': [{ address: '10.1.2.1' }] }, undefined],
  [{ empty: undefined }, undefined],
  [{ eth0: [{ address: '10.1.2.7' }] }, 'device eth0 has the address 10.1.2.7: choose another network with --subnet'],
])('devices %j: %s', (devices, fault) => {
  expect(subnetFault(config, devices)).toBe(fault);
});
