import { labelled, pod, running, service, withUid } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { backendsOf } from '../endpointslice/endpoints-of.ts';
import { subsetsOf } from './decide.ts';

const web = service('web', { spec: { clusterIP: '10.96.0.7' } });
const unready = { status: { conditions: [{ type: 'Ready', status: 'False' as const }] } };
const backend = (number: number, ...parts: Parameters<typeof pod>[1][]) =>
  pod(
    `p${String(number).padStart(5, '0')}`,
    labelled({ app: 'web' }),
    withUid(`u${number}`),
    running('n1'),
    {
      status: { podIP: `10.0.0.${number}` },
    },
    ...parts,
  );
const subsets = (of: typeof web, pods: readonly ReturnType<typeof pod>[]) => subsetsOf(of, backendsOf(of, pods));

test('ready and unready pods with the same ports are one subset', () => {
  expect(subsets(web, [backend(1), backend(2, unready)])).toEqual({
    truncated: false,
    subsets: [
      {
        addresses: [
          {
            ip: '10.0.0.1',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'p00001', uid: 'u1' },
          },
        ],
        notReadyAddresses: [
          {
            ip: '10.0.0.2',
            nodeName: 'n1',
            targetRef: { kind: 'Pod', namespace: 'default', name: 'p00002', uid: 'u2' },
          },
        ],
        ports: [{ protocol: 'TCP', port: 80 }],
      },
    ],
  });
});

test('addresses are in order, whatever the order of the pods', () => {
  const ips = subsets(web, [backend(3), backend(10), backend(2)]).subsets[0]?.addresses?.map(({ ip }) => ip);
  expect(ips).toEqual(['10.0.0.10', '10.0.0.2', '10.0.0.3']);
});

test('a pod that is going is left out, unless unready addresses are published', () => {
  const going = backend(1, { metadata: { deletionTimestamp: '2026-01-02T03:04:05Z' } });
  expect(subsets(web, [going]).subsets).toEqual([]);
  const publishing = service('web', { spec: { publishNotReadyAddresses: true } });
  expect(subsets(publishing, [going]).subsets[0]?.addresses).toHaveLength(1);
});

test('a pod without the named port is left out; a headless service without ports shows addresses only', () => {
  const byName = service('web', { spec: { ports: [{ name: 'http', port: 80, targetPort: 'http' }] } });
  expect(subsets(byName, [backend(1)]).subsets).toEqual([]);
  const headless = service('web', { spec: { clusterIP: 'None', ports: [] } });
  expect(subsets(headless, [backend(1)]).subsets).toMatchObject([{ addresses: [{ ip: '10.0.0.1' }] }]);
  expect(subsets(headless, [backend(1)]).subsets[0]?.ports).toBeUndefined();
});

test('beyond a thousand the unready are cut first, and it is said', () => {
  const pods = Array.from({ length: 1200 }, (_, number) => backend(number, number < 300 ? unready : {}));
  const { subsets: cut, truncated } = subsets(web, pods);
  expect(truncated).toBe(true);
  expect([cut[0]?.addresses?.length, cut[0]?.notReadyAddresses?.length]).toEqual([900, 100]);
});
