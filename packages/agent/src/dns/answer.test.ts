import type { EndpointSlice, Service } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { filledInformer } from '../network/testing/doubles.ts';
import { namespace, service, slice } from '../network/testing/objects.ts';
import { type Answer, answer, type Zone } from './answer.ts';
import { informerView } from './view.ts';

const zone: Zone = {
  domain: 'cluster.local',
  dnsAddress: '10.96.0.10',
  isClusterAddress: (address) => address.startsWith('10.'),
  serial: 7,
};

const services: Service[] = [
  service('default/web', {
    clusterIP: '10.96.0.5',
    ports: [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
      { port: 99, protocol: 'TCP' },
    ],
  }),
  service('default/db', { clusterIP: 'None' }),
  service('default/lonely', { clusterIP: 'None' }),
  service('default/dual', { clusterIP: '10.96.0.6', clusterIPs: ['10.96.0.6', 'fd00::6'] }),
  service('default/out', { type: 'ExternalName', externalName: 'db.example.com.' }),
  service('default/alias', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
];
const slices: EndpointSlice[] = [
  slice('default/web', [{ ip: '10.244.1.9', ready: true }]),
  slice('default/db', [
    { ip: '10.244.1.2', hostname: 'db-0', ready: true },
    { ip: '10.244.1.3', ready: true },
    { ip: '10.244.1.4', hostname: 'db-2', ready: false },
  ]),
  slice('default/db', [{ ip: '10.244.2.2', hostname: 'db-3' }], undefined, 'b'),
  slice('default/lonely', [{ ip: '10.244.1.8', ready: false }]),
];

const sources = {
  namespaces: filledInformer<ReturnType<typeof namespace>>(),
  services: filledInformer<Service>(),
  slices: filledInformer<EndpointSlice>(),
};
sources.namespaces.put(namespace('default'));
for (const one of services) sources.services.put(one);
for (const one of slices) sources.slices.put(one);
const { view } = informerView(sources);

const ask = (name: string, type = 'A'): Answer => answer({ name, type }, zone, view);

/** `kind`, or each record as one line. */
function lines(found: Answer): string[] {
  if (found.kind === 'alias') return [`alias ${found.target}`];
  if (found.kind !== 'exists') return [found.kind];
  return found.answers.map(({ name, type, data }) => {
    const text = typeof data === 'object' ? JSON.stringify(data) : data;
    return `${name} ${type} ${text}`;
  });
}

describe('services', () => {
  test.each<[string, string, readonly string[]]>([
    ['web.default.svc.cluster.local', 'A', ['web.default.svc.cluster.local A 10.96.0.5']],
    ['WeB.default.SVC.cluster.LOCAL', 'A', ['WeB.default.SVC.cluster.LOCAL A 10.96.0.5']],
    ['web.default.svc.cluster.local', 'AAAA', []],
    ['web.default.svc.cluster.local', 'MX', []],
    ['dual.default.svc.cluster.local', 'AAAA', ['dual.default.svc.cluster.local AAAA fd00::6']],
    [
      'dual.default.svc.cluster.local',
      'ANY',
      ['dual.default.svc.cluster.local A 10.96.0.6', 'dual.default.svc.cluster.local AAAA fd00::6'],
    ],
    ['none.default.svc.cluster.local', 'A', ['no such name']],
    ['web.other.svc.cluster.local', 'A', ['no such name']],
    ['__proto__.default.svc.cluster.local', 'A', ['no such name']],
    ['default.svc.cluster.local', 'A', []],
    ['other.svc.cluster.local', 'A', ['no such name']],
    ['svc.cluster.local', 'A', []],
    ['pod.cluster.local', 'A', []],
    ['bogus.cluster.local', 'A', ['no such name']],
    ['cluster.local', 'A', []],
    ['notcluster.local', 'A', ['elsewhere']],
    ['local', 'A', ['elsewhere']],
    ['.', 'A', ['elsewhere']],
    ['www.example.com', 'A', ['elsewhere']],
    ['web.default.svc.cluster.local.example.com', 'A', ['elsewhere']],
  ])('%s %s', (name, type, expected) => {
    expect(lines(ask(name, type))).toEqual(expected);
  });
});

describe('ports', () => {
  const target = 'web.default.svc.cluster.local';

  test('a named port of a cluster IP has one SRV record, and the address beside it', () => {
    const found = ask(`_http._tcp.${target}`, 'SRV');
    expect(lines(found)).toEqual([
      `_http._tcp.${target} SRV {"priority":0,"weight":100,"port":80,"target":"${target}"}`,
    ]);
    expect(found.kind === 'exists' && found.additionals).toEqual([
      { name: target, type: 'A', ttl: 5, data: '10.96.0.5' },
    ]);
  });

  test('a headless port has one SRV record for each ready endpoint, and their addresses', () => {
    const found = ask('_http._tcp.db.default.svc.cluster.local', 'SRV');
    if (found.kind !== 'exists') throw new Error(found.kind);
    expect(found.answers.map(({ data }) => data)).toEqual([
      { priority: 0, weight: 33, port: 8080, target: 'db-0.db.default.svc.cluster.local' },
      { priority: 0, weight: 33, port: 8080, target: '10-244-1-3.db.default.svc.cluster.local' },
      { priority: 0, weight: 33, port: 8080, target: 'db-3.db.default.svc.cluster.local' },
    ]);
    expect(found.additionals.map(({ data }) => data)).toEqual(['10.244.1.2', '10.244.1.3', '10.244.2.2']);
  });

  test.each([
    [`_dns._udp.${target}`, 'SRV', 1],
    [`_dns._udp.${target}`, 'A', 0],
    [`_tcp.${target}`, 'SRV', 0],
    [target, 'SRV', 3],
  ])('%s %s exists with %i records', (name, type, count) => {
    const found = ask(name, type);
    expect(found.kind === 'exists' && found.answers.length).toBe(count);
  });

  test.each([`_dns._tcp.${target}`, `_sctp.${target}`, `_x._http._tcp.${target}`, `_http.${target}`])(
    '%s does not',
    (name) => {
      expect(ask(name, 'SRV')).toEqual({ kind: 'no such name' });
    },
  );
});

describe('headless services', () => {
  test.each([
    ['db.default.svc.cluster.local', ['10.244.1.2', '10.244.1.3', '10.244.2.2']],
    ['db-0.db.default.svc.cluster.local', ['10.244.1.2']],
    ['DB-3.db.default.svc.cluster.local', ['10.244.2.2']],
    ['10-244-1-3.db.default.svc.cluster.local', ['10.244.1.3']],
  ])('%s has the addresses of the ready endpoints', (name, addresses) => {
    const found = ask(name);
    expect(found.kind === 'exists' && found.answers.map(({ data }) => data)).toEqual(addresses);
  });

  test.each([
    'lonely.default.svc.cluster.local',
    'db-2.db.default.svc.cluster.local',
    '10-244-1-2.db.default.svc.cluster.local',
    'a.db-0.db.default.svc.cluster.local',
  ])('%s does not exist', (name) => {
    expect(ask(name)).toEqual({ kind: 'no such name' });
  });

  test('follow their endpoints', () => {
    sources.slices.put(slice('default/lonely', [{ ip: '10.244.1.8', ready: true }]));
    expect(lines(ask('lonely.default.svc.cluster.local'))).toEqual(['lonely.default.svc.cluster.local A 10.244.1.8']);
    expect(lines(ask('8.1.244.10.in-addr.arpa', 'PTR'))).toEqual([
      '8.1.244.10.in-addr.arpa PTR 10-244-1-8.lonely.default.svc.cluster.local',
    ]);
    sources.slices.put(slice('default/lonely', []));
    expect(ask('lonely.default.svc.cluster.local')).toEqual({ kind: 'no such name' });
    expect(ask('8.1.244.10.in-addr.arpa', 'PTR')).toEqual({ kind: 'no such name' });
    sources.slices.remove('default', 'lonely-a');
    expect(ask('lonely.default.svc.cluster.local')).toEqual({ kind: 'no such name' });
  });
});

describe('external names, pods, addresses, the zone itself', () => {
  test.each<[string, string, readonly string[]]>([
    ['out.default.svc.cluster.local', 'A', ['alias db.example.com']],
    ['out.default.svc.cluster.local', 'CNAME', ['out.default.svc.cluster.local CNAME db.example.com']],
    ['alias.default.svc.cluster.local', 'AAAA', ['alias web.default.svc.cluster.local']],
    ['x.out.default.svc.cluster.local', 'A', ['no such name']],
    ['10-244-1-7.default.pod.cluster.local', 'A', ['10-244-1-7.default.pod.cluster.local A 10.244.1.7']],
    ['10-244-1-7.default.pod.cluster.local', 'AAAA', []],
    ['10-244-1-7.other.pod.cluster.local', 'A', ['no such name']],
    ['10-244-1-700.default.pod.cluster.local', 'A', ['no such name']],
    ['x.10-244-1-7.default.pod.cluster.local', 'A', ['no such name']],
    ['default.pod.cluster.local', 'A', []],
    ['5.0.96.10.in-addr.arpa', 'PTR', ['5.0.96.10.in-addr.arpa PTR web.default.svc.cluster.local']],
    ['5.0.96.10.IN-ADDR.arpa', 'A', []],
    ['2.1.244.10.in-addr.arpa', 'PTR', ['2.1.244.10.in-addr.arpa PTR db-0.db.default.svc.cluster.local']],
    ['99.1.244.10.in-addr.arpa', 'PTR', ['no such name']],
    ['8.8.8.8.in-addr.arpa', 'PTR', ['elsewhere']],
    ['244.10.in-addr.arpa', 'PTR', ['elsewhere']],
    ['dns-version.cluster.local', 'TXT', ['dns-version.cluster.local TXT 1.1.0']],
    ['dns-version.cluster.local', 'A', []],
    ['x.dns-version.cluster.local', 'TXT', ['no such name']],
    ['ns.dns.cluster.local', 'A', ['ns.dns.cluster.local A 10.96.0.10']],
    ['dns.cluster.local', 'A', []],
    ['x.dns.cluster.local', 'A', ['no such name']],
    ['cluster.local', 'NS', ['cluster.local NS ns.dns.cluster.local']],
  ])('%s %s', (name, type, expected) => {
    expect(lines(ask(name, type))).toEqual(expected);
  });

  test('the zone has a start of authority', () => {
    const found = ask('cluster.local', 'SOA');
    expect(found.kind === 'exists' && found.answers[0]?.data).toMatchObject({ serial: 7, minimum: 5 });
  });
});
