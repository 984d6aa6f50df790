import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { addressesOf } from './address.ts';

const service = (spec: JsonObject): JsonObject => ({ spec: { ports: [{ name: 'https', port: 443 }], ...spec } });
const slice = (ready: boolean, ...addresses: string[]): JsonObject => ({
  ports: [
    { name: 'https', port: 8443 },
    { name: 'other', port: 1 },
  ],
  endpoints: [{ addresses, conditions: { ready } }],
});

test.each<[string, JsonObject, JsonObject[], object[]]>([
  [
    'its ready endpoints',
    service({ clusterIP: '10.0.0.1' }),
    [slice(true, '10.1.0.1'), slice(false, '10.1.0.2')],
    [{ host: '10.1.0.1', port: 8443 }],
  ],
  [
    'its cluster address when no endpoint is known',
    service({ clusterIP: '10.0.0.1' }),
    [],
    [{ host: '10.0.0.1', port: 443 }],
  ],
  ['nowhere when it has neither', service({ clusterIP: 'None' }), [], []],
  ['nowhere on a port it does not have', { spec: { ports: [{ port: 80 }], clusterIP: '10.0.0.1' } }, [], []],
  ['its external name', { spec: { type: 'ExternalName', externalName: 'a.b' } }, [], [{ host: 'a.b', port: 443 }]],
])('a Service answers at %s', (_, of, slices, addresses) => expect(addressesOf(of, slices, 443)).toEqual(addresses));
