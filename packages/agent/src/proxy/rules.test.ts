import type { EndpointSlice, Service } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { danglingNames, type Fate, type Packet, trace, type World } from '../network/nft/testing/trace.ts';
import { service, slice } from '../network/testing/objects.ts';
import { type ProxyNode, planProxy, rulesFor } from './rules.ts';

const here: ProxyNode = {
  name: 'n1',
  zone: 'z1',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
  ownAddresses: ['10.96.0.10'],
};
const nodeIP = '192.168.0.1';
const podHere = '10.244.1.50';
const outside = '203.0.113.9';

/** Where a packet may end up: one fate for each endpoint that chance can draw. */
function fates(services: readonly Service[], slices: readonly EndpointSlice[], packet: Partial<Packet>): Fate[] {
  const ruleset = rulesFor(services, slices, here);
  const all = new Map<string, Fate>();
  for (let draw = 0; draw < 12; draw += 1) {
    const world: World = {
      tables: [ruleset],
      localAddresses: [nodeIP, '127.0.0.1', '10.244.1.1', '10.96.0.10'],
      draw: (count) => draw % count,
      memory: new Map(),
    };
    const fate = trace(
      { source: podHere, destination: '10.96.0.5', protocol: 'tcp', port: 80, from: 'outside', ...packet },
      world,
    );
    all.set(JSON.stringify(fate), fate);
  }
  return [...all.values()];
}

const targets = (found: readonly Fate[]): string[] =>
  found.map(({ destination, port }) => `${destination}:${port}`).sort();
const verdicts = (found: readonly Fate[]): string[] => [...new Set(found.map(({ verdict }) => verdict))];
const masqueraded = (found: readonly Fate[]): boolean[] => [...new Set(found.map((fate) => fate.masqueraded))];

const web = service('default/web', { clusterIP: '10.96.0.5' });
const ready = { ready: true, serving: true, terminating: false };
const a = { ip: '10.244.1.2', node: 'n1', ...ready };
const b = { ip: '10.244.2.3', node: 'n2', ...ready };
const two = slice('default/web', [a, b]);

describe('cluster IP', () => {
  test('goes to each ready endpoint, unmasqueraded, from a pod', () => {
    const found = fates([web], [two], {});
    expect(targets(found)).toEqual(['10.244.1.2:8080', '10.244.2.3:8080']);
    expect(verdicts(found)).toEqual(['forwarded']);
    expect(masqueraded(found)).toEqual([false]);
  });

  test('is masqueraded for the node itself and for strangers', () => {
    expect(masqueraded(fates([web], [two], { source: nodeIP, from: 'node' }))).toEqual([true]);
    expect(masqueraded(fates([web], [two], { source: outside }))).toEqual([true]);
  });

  test('is masqueraded for a pod that reaches itself', () => {
    const found = fates([web], [slice('default/web', [a])], { source: a.ip });
    expect(found).toEqual([{ verdict: 'forwarded', destination: a.ip, port: 8080, masqueraded: true }]);
  });

  test('without endpoints is rejected', () => {
    expect(verdicts(fates([web], [], {}))).toEqual(['rejected']);
    expect(verdicts(fates([web], [slice('default/web', [{ ...a, ready: false }])], {}))).toEqual(['rejected']);
  });

  test('on a port that it has not is rejected, an unknown service address is dropped', () => {
    expect(verdicts(fates([web], [two], { port: 81 }))).toEqual(['rejected']);
    expect(verdicts(fates([web], [two], { destination: '10.96.7.7' }))).toEqual(['dropped']);
    expect(verdicts(fates([web], [two], { destination: '10.96.7.7', from: 'node', source: nodeIP }))).toEqual([
      'dropped',
    ]);
  });

  test('of another protocol is another port', () => {
    const dns = service('default/dns', {
      clusterIP: '10.96.0.5',
      ports: [
        { name: 'udp', port: 53, protocol: 'UDP' },
        { name: 'sctp', port: 53, protocol: 'SCTP' },
      ],
    });
    const ports = [
      { name: 'udp', port: 5353, protocol: 'UDP' as const },
      { name: 'sctp', port: 5354, protocol: 'SCTP' as const },
    ];
    const endpoints = [slice('default/dns', [a], ports)];
    expect(targets(fates([dns], endpoints, { protocol: 'udp', port: 53 }))).toEqual(['10.244.1.2:5353']);
    expect(targets(fates([dns], endpoints, { protocol: 'sctp', port: 53 }))).toEqual(['10.244.1.2:5354']);
    expect(verdicts(fates([dns], endpoints, { protocol: 'tcp', port: 53 }))).toEqual(['rejected']);
  });

  test("the node's own DNS address is left alone", () => {
    const dns = service('kube-system/kube-dns', { clusterIP: '10.96.0.10' });
    const found = fates([dns], [], { destination: '10.96.0.10' });
    expect(found).toEqual([{ verdict: 'delivered', destination: '10.96.0.10', port: 80, masqueraded: false }]);
  });
});

describe('endpoints', () => {
  const dying = { ready: false, serving: true, terminating: true };

  test.each([
    [
      'terminating ones that serve are used when none is ready',
      [
        { ...a, ...dying },
        { ...b, ...dying },
      ],
      [a.ip, b.ip],
    ],
    ['terminating ones are not used while one is ready', [{ ...a, ...dying }, b], [b.ip]],
    [
      'terminating ones that no longer serve are not used',
      [
        { ...a, ...dying, serving: false },
        { ...b, ...dying },
      ],
      [b.ip],
    ],
    ['no conditions mean ready', [{ ip: a.ip, node: 'n1' }], [a.ip]],
    [
      'zone hints keep traffic in the zone',
      [
        { ...a, zones: ['z2'] },
        { ...b, zones: ['z1'] },
      ],
      [b.ip],
    ],
    ['hints are ignored when one endpoint has none', [{ ...a, zones: ['z2'] }, b], [a.ip, b.ip]],
    [
      'hints are ignored when none is for the zone',
      [
        { ...a, zones: ['z2'] },
        { ...b, zones: ['z3'] },
      ],
      [a.ip, b.ip],
    ],
  ])('%s', (_title, endpoints, expected) => {
    const found = fates([web], [slice('default/web', endpoints)], {});
    expect(found.map(({ destination }) => destination).sort()).toEqual(expected);
  });

  test('of several slices are joined, and one that stands in two counts once', () => {
    const found = fates([web], [two, slice('default/web', [a, { ...a, ip: '10.244.1.9' }], undefined, 'b')], {});
    expect(targets(found)).toEqual(['10.244.1.2:8080', '10.244.1.9:8080', '10.244.2.3:8080']);
  });

  test('whose port has another name, or that are not IPv4, or of another service, are not used', () => {
    const others = [
      slice('default/web', [a], [{ name: 'other', port: 1, protocol: 'TCP' }]),
      { ...two, metadata: { ...two.metadata, name: 'six' }, addressType: 'IPv6' as const },
      slice('other/web', [a]),
      slice('default/web2', [a]),
    ];
    expect(verdicts(fates([web], others, {}))).toEqual(['rejected']);
  });
});

describe('traffic policies', () => {
  test('internal Local stays on the node', () => {
    const local = service('default/web', { clusterIP: '10.96.0.5', internalTrafficPolicy: 'Local' });
    expect(targets(fates([local], [two], {}))).toEqual(['10.244.1.2:8080']);
    expect(verdicts(fates([local], [slice('default/web', [b])], {}))).toEqual(['dropped']);
    expect(verdicts(fates([local], [], {}))).toEqual(['rejected']);
  });

  const nodePort = (spec: Partial<Service['spec']> = {}): Service =>
    service('default/web', {
      type: 'NodePort',
      clusterIP: '10.96.0.5',
      ports: [{ name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' }],
      ...spec,
    });
  const toNode: Partial<Packet> = { source: outside, destination: nodeIP, port: 30080 };

  test('a node port leads everywhere, masqueraded', () => {
    const found = fates([nodePort()], [two], toNode);
    expect(targets(found)).toEqual(['10.244.1.2:8080', '10.244.2.3:8080']);
    expect(masqueraded(found)).toEqual([true]);
  });

  test('a node port does not answer on loopback, and not on addresses that are not the node', () => {
    expect(
      fates([nodePort()], [two], { ...toNode, destination: '127.0.0.1', source: '127.0.0.1', from: 'node' }),
    ).toEqual([{ verdict: 'delivered', destination: '127.0.0.1', port: 30080, masqueraded: false }]);
    expect(targets(fates([nodePort()], [two], { ...toNode, destination: '198.51.100.1' }))).toEqual([
      '198.51.100.1:30080',
    ]);
  });

  test('a node port without endpoints is rejected', () => {
    expect(verdicts(fates([nodePort()], [], toNode))).toEqual(['rejected']);
  });

  test('external Local keeps the client address and stays on the node', () => {
    const local = nodePort({ externalTrafficPolicy: 'Local' });
    expect(fates([local], [two], toNode)).toEqual([
      { verdict: 'forwarded', destination: a.ip, port: 8080, masqueraded: false },
    ]);
    expect(verdicts(fates([local], [slice('default/web', [b])], toNode))).toEqual(['dropped']);
  });

  test('external Local has no outside for pods and the node itself', () => {
    const local = nodePort({ externalTrafficPolicy: 'Local' });
    const elsewhere = [slice('default/web', [b])];
    expect(fates([local], elsewhere, { ...toNode, source: podHere })).toEqual([
      { verdict: 'forwarded', destination: b.ip, port: 8080, masqueraded: false },
    ]);
    expect(fates([local], elsewhere, { ...toNode, source: nodeIP, from: 'node' })).toEqual([
      { verdict: 'forwarded', destination: b.ip, port: 8080, masqueraded: true },
    ]);
  });

  test('external Local falls back to local endpoints that serve while they terminate', () => {
    const local = nodePort({ externalTrafficPolicy: 'Local' });
    const found = fates(
      [local],
      [slice('default/web', [{ ...a, ready: false, serving: true, terminating: true }, b])],
      toNode,
    );
    expect(targets(found)).toEqual(['10.244.1.2:8080']);
  });

  test('external IPs and load balancer addresses work like node ports', () => {
    const balanced = service(
      'default/web',
      { type: 'LoadBalancer', clusterIP: '10.96.0.5', externalIPs: ['198.51.100.7'] },
      { ingress: ['198.51.100.8'] },
    );
    for (const destination of ['198.51.100.7', '198.51.100.8']) {
      const found = fates([balanced], [two], { source: outside, destination });
      expect(targets(found)).toEqual(['10.244.1.2:8080', '10.244.2.3:8080']);
      expect(masqueraded(found)).toEqual([true]);
    }
  });

  test('source ranges guard the load balancer address and nothing else', () => {
    const guarded = service(
      'default/web',
      {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.5',
        externalIPs: ['198.51.100.7'],
        loadBalancerSourceRanges: ['203.0.113.0/28', '203.0.113.0/30'],
      },
      { ingress: ['198.51.100.8'] },
    );
    const at = (source: string, destination: string): string[] =>
      verdicts(fates([guarded], [two], { source, destination }));
    expect(at('203.0.113.9', '198.51.100.8')).toEqual(['forwarded']);
    expect(at('203.0.113.99', '198.51.100.8')).toEqual(['dropped']);
    expect(at('203.0.113.99', '198.51.100.7')).toEqual(['forwarded']);
  });

  test('an external IP cannot take over a cluster IP or a port of another service', () => {
    const thief = service('aaa/thief', { clusterIP: '10.96.0.6', externalIPs: ['10.96.0.5'] });
    const stolen = slice('aaa/thief', [{ ...a, ip: '10.244.1.66' }]);
    expect(targets(fates([thief, web], [two, stolen], {}))).toEqual(['10.244.1.2:8080', '10.244.2.3:8080']);
  });
});

describe('session affinity', () => {
  const sticky = service('default/web', {
    clusterIP: '10.96.0.5',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  });

  test('a client stays with its first endpoint, others do not', () => {
    const ruleset = rulesFor([sticky], [two], here);
    const memory = new Map<string, Set<string>>();
    const ask = (source: string, drawn: number): string =>
      trace(
        { source, destination: '10.96.0.5', protocol: 'tcp', port: 80, from: 'outside' },
        { tables: [ruleset], localAddresses: [nodeIP], draw: () => drawn, memory },
      ).destination;
    expect(ask('10.244.9.1', 1)).toBe(b.ip);
    expect(ask('10.244.9.1', 0)).toBe(b.ip);
    expect(ask('10.244.9.2', 0)).toBe(a.ip);
    expect(ask('10.244.9.1', 0)).toBe(b.ip);
  });

  test('the memory of an endpoint keeps its name when another comes', () => {
    const memories = (slices: readonly EndpointSlice[]): string[] =>
      [...rulesFor([sticky], slices, here).collections].filter(([, { dynamic }]) => dynamic).map(([name]) => name);
    expect(memories([two])).toEqual(expect.arrayContaining(memories([slice('default/web', [b])])));
  });
});

describe('services that are not ours', () => {
  test.each([
    ['headless', service('default/web', { clusterIP: 'None' })],
    ['an external name', service('default/web', { type: 'ExternalName', externalName: 'example.com' })],
    ['without an address yet', service('default/web', { clusterIP: '' })],
    [
      'of another proxy',
      service(
        'default/web',
        { clusterIP: '10.96.0.5' },
        { labels: { 'service.kubernetes.io/service-proxy-name': 'x' } },
      ),
    ],
    ['with an address that is none', service('default/web', { clusterIP: '10.96.0.5; flush ruleset' })],
  ])('%s', (_title, foreign) => {
    const { collections } = rulesFor([foreign], [two], here);
    expect([...collections].filter(([, { elements }]) => elements.size > 0)).toEqual([]);
  });
});

describe('the plan beside the rules', () => {
  test('names what UDP flows may end at', () => {
    const dns = service('default/dns', {
      type: 'NodePort',
      clusterIP: '10.96.0.5',
      ports: [{ name: 'u', port: 53, nodePort: 30053, protocol: 'UDP' }],
    });
    const { udpTargets } = planProxy(
      [dns, web],
      [slice('default/dns', [a], [{ name: 'u', port: 53, protocol: 'UDP' }]), two],
      here,
    );
    expect([...udpTargets]).toEqual([
      ['10.96.0.5:53', new Set(['10.244.1.2:53'])],
      [':30053', new Set(['10.244.1.2:53'])],
    ]);
  });

  test('counts local ready endpoints for health checks', () => {
    const balanced = service('default/web', {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.5',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31000,
    });
    expect([...planProxy([balanced], [two], here).healthChecks]).toEqual([
      [31000, { namespace: 'default', name: 'web', localEndpoints: 1 }],
    ]);
    expect(planProxy([balanced], [slice('default/web', [b])], here).healthChecks.get(31000)?.localEndpoints).toBe(0);
  });
});

describe('properties', () => {
  const condition = fc.option(fc.boolean(), { nil: undefined });
  const endpoint = fc
    .record({
      host: fc.integer({ min: 1, max: 40 }),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      ready: condition,
      serving: condition,
      terminating: condition,
    })
    .map(({ host, node, ready: isReady, serving, terminating }) => ({
      ip: `10.244.${Number(node.slice(1))}.${host}`,
      node,
      ...(isReady === undefined ? {} : { ready: isReady }),
      ...(serving === undefined ? {} : { serving }),
      ...(terminating === undefined ? {} : { terminating }),
    }));
  const policy = fc.constantFrom('Local' as const, 'Cluster' as const);
  const cluster = fc.array(
    fc.record({
      endpoints: fc.uniqueArray(endpoint, { maxLength: 6, selector: ({ ip }) => ip }),
      internal: policy,
      external: policy,
      sticky: fc.boolean(),
      type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
    }),
    { maxLength: 6 },
  );

  test('every packet to a service ends at one of its usable endpoints or is refused, and every name resolves', () => {
    fc.assert(
      fc.property(cluster, fc.nat(20), fc.constantFrom(podHere, nodeIP, outside), (shapes, draw, source) => {
        const services = shapes.map((shape, i) =>
          service(
            `ns/s${i}`,
            {
              type: shape.type,
              clusterIP: `10.96.1.${i + 1}`,
              internalTrafficPolicy: shape.internal,
              externalTrafficPolicy: shape.external,
              sessionAffinity: shape.sticky ? 'ClientIP' : 'None',
              ports: [{ name: 'http', port: 80, nodePort: 30000 + i, protocol: 'TCP' }],
            },
            { ingress: [`198.51.100.${i + 1}`] },
          ),
        );
        const slices = shapes.map((shape, i) => slice(`ns/s${i}`, shape.endpoints));
        const ruleset = rulesFor(services, slices, here);
        expect(danglingNames(ruleset)).toEqual([]);
        for (const [i, shape] of shapes.entries()) {
          const packet: Packet = {
            source,
            destination: `10.96.1.${i + 1}`,
            protocol: 'tcp',
            port: 80,
            from: source === nodeIP ? 'node' : 'outside',
          };
          const world: World = {
            tables: [ruleset],
            localAddresses: [nodeIP],
            draw: (count) => draw % count,
            memory: new Map(),
          };
          const fate = trace(packet, world);
          const usable = shape.endpoints.filter(
            (one) => (one.ready ?? true) || ((one.serving ?? true) && (one.terminating ?? false)),
          );
          const reachable = usable.filter((one) => shape.internal === 'Cluster' || one.node === 'n1');
          if (reachable.length === 0) expect(fate.verdict).toBe(usable.length === 0 ? 'rejected' : 'dropped');
          else {
            expect(fate.verdict).toBe('forwarded');
            expect(reachable.map(({ ip }) => ip)).toContain(fate.destination);
            expect(fate.masqueraded).toBe(source !== podHere);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
