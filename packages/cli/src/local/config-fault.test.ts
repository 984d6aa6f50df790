import { expect, test } from 'vitest';
import { configFault, defaultConfig } from './layout.ts';

const config = { ...defaultConfig, nodes: 1, stateDir: '/tmp/state' };

test('the shape a cluster has by itself is right', () => {
  expect(configFault(config)).toBeUndefined();
});

test.each([
  ['a subnet within the Services', { subnet: '10.96.200' }],
  ['a subnet within the pods', { subnet: '10.244.0' }],
  ['no subnet', { subnet: '10.89' }],
  ['a name too long for a network device', { name: 'averylongname' }],
  ['two doors on one port', { restPort: 7443, grpcPort: 7443 }],
])('%s is a fault', (_, change) => {
  expect(configFault({ ...config, ...change })).toBeTypeOf('string');
});
