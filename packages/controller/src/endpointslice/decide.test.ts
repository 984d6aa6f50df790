import type { EndpointSlice, Pod, Service } from '@skiff/api';
import { labelled, node, pod, running, service, withUid } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planSlices } from './decide.ts';
import { backendsOf } from './endpoints-of.ts';
import type { SlicePlan } from './pack.ts';

const web = service('web', { spec: { clusterIP: '10.96.0.7' }, metadata: { labels: { team: 'a' } } });
const zoned = node('n1', labelled({ 'topology.kubernetes.io/zone': 'z1' }));
const nodeOf = (name: string) => (name === 'n1' ? zoned : undefined);
const backend = (number: number, ...parts: Parameters<typeof pod>[1][]): Pod =>
  pod(
    `p${String(number).padStart(4, '0')}`,
    labelled({ app: 'web' }),
    withUid(`u${number}`),
    running('n1'),
    {
      status: { podIP: `10.0.${number >> 8}.${number & 255}` },
    },
    ...parts,
  );

let named = 0;
/** The slices after a plan was carried out. */
function after(existing: readonly EndpointSlice[], plan: SlicePlan): EndpointSlice[] {
  const made = plan.create.map((draft) => {
    named += 1;
    const meta = { ...draft.metadata, name: `web-${named}`, uid: '', resourceVersion: '', creationTimestamp: '' };
    return { ...draft, metadata: meta };
  });
  const kept = existing
    .filter((slice) => !plan.remove.includes(slice))
    .map((slice) => plan.update.find((one) => one.metadata.name === slice.metadata.name) ?? slice);
  return [...kept, ...made];
}
const plan = (of: Service, pods: readonly Pod[], existing: readonly EndpointSlice[] = []) =>
  planSlices(of, backendsOf(of, pods), existing, nodeOf);

test('a new slice: labels, owner, ports, endpoints with their topology', () => {
  expect(plan(web, [backend(1)]).create).toEqual([
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: 'web-',
        namespace: 'default',
        labels: {
          team: 'a',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'web',
            uid: 'uid-of-web',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', namespace: 'default', name: 'p0001', uid: 'u1' },
          nodeName: 'n1',
          zone: 'z1',
        },
      ],
      ports: [{ name: '', protocol: 'TCP', port: 80 }],
    },
  ]);
});

const unready = { status: { conditions: [{ type: 'Ready', status: 'False' as const }] } };
const going = { metadata: { deletionTimestamp: '2026-01-02T03:04:05Z' } };
const publishing = service('web', { spec: { clusterIP: 'None', publishNotReadyAddresses: true } });
test.each([
  ['ready', web, {}, [true, true, false]],
  ['unready', web, unready, [false, false, false]],
  ['terminating and serving', web, going, [false, true, true]],
  ['unready, published', publishing, unready, [true, false, false]],
  ['terminating, published', publishing, going, [true, true, true]],
] as const)('conditions: %s', (_, of, part, [ready, serving, terminating]) => {
  const [draft] = plan(of, [backend(1, part)]).create;
  expect(draft?.endpoints?.[0]?.conditions).toEqual({ ready, serving, terminating });
});

test('pods that are done, without address, unselected, or on a node nobody knows are left out', () => {
  const pods = [
    backend(1, { status: { phase: 'Succeeded' } }),
    backend(2, { status: { podIP: '' } }),
    backend(3, labelled({ app: 'other' })),
    backend(4, { spec: { nodeName: 'gone' } }),
  ];
  expect(plan(web, pods).create[0]?.endpoints).toEqual([]);
  expect(plan(publishing, pods).create[0]?.endpoints).toHaveLength(1);
});

test('a named port is the pod’s own: pods that differ are in slices of their own', () => {
  const byName = service('web', { spec: { ports: [{ name: 'http', port: 80, targetPort: 'http' }] } });
  const serving = (containerPort: number) => ({
    spec: { containers: [{ name: 'main', image: 'x', ports: [{ name: 'http', containerPort }] }] },
  });
  const { create } = plan(byName, [backend(1, serving(8080)), backend(2, serving(8081)), backend(3, serving(8080))]);
  expect(create.map((draft) => [draft.ports?.[0]?.port, draft.endpoints?.length])).toEqual([
    [8080, 2],
    [8081, 1],
  ]);
});

test('headless: the label, and the host names of pods', () => {
  const named = backend(1, { spec: { hostname: 'db-0', subdomain: 'web' } });
  const [draft] = plan(publishing, [named]).create;
  expect(draft?.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
  expect(draft?.endpoints?.[0]?.hostname).toBe('db-0');
});

test('a service without pods shows one empty slice, and keeps it', () => {
  const first = after([], plan(web, []));
  expect(first).toMatchObject([{ endpoints: [], ports: [] }]);
  expect(plan(web, [], first)).toEqual({ create: [], update: [], remove: [] });
  expect(after(first, plan(web, [backend(1)], first)).map((slice) => slice.endpoints?.length ?? 0)).toEqual([1]);
});

test('slices of a former namesake go', () => {
  const old = after([], plan(service('web', withUid('former')), [backend(1)]));
  const next = plan(web, [backend(1)], old);
  expect(next.remove).toEqual(old);
  expect(next.create).toHaveLength(1);
});

test('one pod’s change touches one slice', () => {
  const pods = Array.from({ length: 250 }, (_, number) => backend(number));
  const slices = after([], plan(web, pods));
  expect(slices.map((slice) => slice.endpoints?.length ?? 0)).toEqual([100, 100, 50]);
  expect(plan(web, pods, slices)).toEqual({ create: [], update: [], remove: [] });
  const changed = plan(web, pods.with(120, backend(120, unready)), slices);
  expect([changed.create.length, changed.update.length, changed.remove.length]).toEqual([0, 1, 0]);
  const grown = plan(web, [...pods, backend(300)], slices);
  expect([grown.create.length, grown.update.length]).toEqual([0, 1]);
  const replaced = plan(web, [...pods.slice(1), backend(300)], slices);
  expect(replaced.update.map((slice) => slice.metadata.name)).toEqual([slices[0]?.metadata.name]);
});

test('whatever comes and goes, every pod is in exactly one slice, and no slice is too full', () => {
  const rounds = fc.array(fc.uniqueArray(fc.nat(260), { minLength: 0, maxLength: 230 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(rounds, (sets) => {
      let slices: EndpointSlice[] = [];
      for (const numbers of sets) {
        const pods = numbers.map((number) => backend(number));
        slices = after(slices, plan(web, pods, slices));
        const held = slices.flatMap((slice) =>
          (slice.endpoints ?? []).map((endpoint) => endpoint.targetRef?.uid ?? ''),
        );
        expect(held.sort()).toEqual(numbers.map((number) => `u${number}`).sort());
        expect(Math.max(...slices.map((slice) => slice.endpoints?.length ?? 0))).toBeLessThanOrEqual(100);
        expect(slices.length).toBeGreaterThan(0);
        expect(plan(web, pods, slices)).toEqual({ create: [], update: [], remove: [] });
      }
    }),
    { numRuns: 30 },
  );
});
