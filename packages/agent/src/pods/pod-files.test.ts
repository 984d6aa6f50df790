import type { Pod } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { parseImageReference, withDefaultTag } from './image-reference.ts';
import { hostnameOf, hostsFile, resolvConf } from './pod-files.ts';
import { registryAuths } from './registry-auth.ts';
import { podWith } from './testing/facts.ts';

describe('the host name', () => {
  const named = (name: string, spec: Partial<Pod['spec']> = {}): string =>
    hostnameOf(podWith(spec, { metadata: { ...podWith({}).metadata, name } }));
  test('is the pod’s, cut to what Linux takes', () => {
    expect(named('web')).toBe('web');
    expect(named(`${'a'.repeat(62)}-${'b'.repeat(10)}`)).toBe('a'.repeat(62));
    expect(named('web', { hostname: 'other' })).toBe('other');
    expect(named('web', { subdomain: 'sub' })).toBe('web');
  });
});

describe('/etc/hosts', () => {
  const hosts = (spec: Partial<Pod['spec']>): string =>
    hostsFile({
      pod: podWith(spec),
      ips: ['10.244.0.5'],
      clusterDomain: 'cluster.local',
      hostFile: '127.0.0.1 host\n',
    });
  test('names the pod, and its aliases', () => {
    const hostAliases = [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }];
    const text = hosts({ subdomain: 'sub', hostAliases });
    expect(text.startsWith('# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n')).toBe(true);
    expect(text).toContain('10.244.0.5\tweb.sub.shop.svc.cluster.local\tweb\n');
    expect(text).toContain('\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n');
  });
  test('on the host’s network is the host’s', () => {
    expect(hosts({ hostNetwork: true })).toBe('127.0.0.1 host\n');
  });
});

describe('/etc/resolv.conf', () => {
  const hostFile = '# made\nnameserver 9.9.9.9\nsearch corp.example .\noptions timeout:1\n';
  const resolv = (spec: Partial<Pod['spec']>): string =>
    resolvConf({ pod: podWith(spec), clusterServers: ['10.96.0.10'], clusterDomain: 'cluster.local', hostFile });
  const cluster =
    'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local corp.example\noptions ndots:5\n';
  const host = 'nameserver 9.9.9.9\nsearch corp.example\noptions timeout:1\n';
  test.each([
    [{}, cluster],
    [{ dnsPolicy: 'Default' as const }, host],
    [{ hostNetwork: true }, host],
    [{ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' as const }, cluster],
  ])('%j', (spec, text) => {
    expect(resolv(spec)).toBe(text);
  });
  test('is extended by dnsConfig, which is all there is with policy None', () => {
    const dnsConfig = {
      ...{ nameservers: ['1.1.1.1', '10.96.0.10', '2.2.2.2', '3.3.3.3'], searches: ['own.example'] },
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    expect(resolv({ dnsConfig })).toBe(
      'nameserver 10.96.0.10\nnameserver 1.1.1.1\nnameserver 2.2.2.2\n' +
        'search shop.svc.cluster.local svc.cluster.local cluster.local corp.example own.example\noptions ndots:2 edns0\n',
    );
    expect(resolv({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'] } })).toBe('nameserver 1.1.1.1\n');
  });
});

describe('image names', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  test.each([
    ['nginx', { registry: '', repository: 'nginx', tag: '', digest: '' }],
    ['library/nginx:1.2', { registry: '', repository: 'library/nginx', tag: '1.2', digest: '' }],
    ['localhost/x', { registry: 'localhost', repository: 'x', tag: '', digest: '' }],
    ['reg.example:5000/a/b:c', { registry: 'reg.example:5000', repository: 'a/b', tag: 'c', digest: '' }],
    [`x@${digest}`, { registry: '', repository: 'x', tag: '', digest }],
    [`[::1]:5000/x`, { registry: '[::1]:5000', repository: 'x', tag: '', digest: '' }],
  ])('%s', (text, expected) => {
    expect(parseImageReference(text)).toEqual(expected);
  });
  test.each([
    '',
    ' nginx',
    'nginx ',
    'alpine --privileged',
    '$(id)',
    'a\nb',
    'UPPER',
    'x:',
    'x@sha256:short',
    'a//b',
    '-x',
    'x'.repeat(300),
  ])('%j is none', (text) => {
    expect(parseImageReference(text)).toBeUndefined();
  });
  test('get :latest when they say nothing else', () => {
    const full = (text: string): string => withDefaultTag(text, parseImageReference(text) ?? ({} as never));
    expect([full('x'), full('x:1'), full(`x@${digest}`)]).toEqual(['x:latest', 'x:1', `x@${digest}`]);
  });
});

describe('pull secrets', () => {
  const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const secret = (auths: object) => ({ data: { '.dockerconfigjson': base64({ auths }) } }) as never;
  const auths = (image: string, ...secrets: never[]) =>
    registryAuths(parseImageReference(image) ?? ({} as never), secrets).map(({ username }) => username);
  const as = (username: string) => ({ username, password: 'p' });
  test('fit by registry and by the beginning of the path', () => {
    const all = secret({ 'reg.example': as('a'), 'https://reg.example/v1/': as('b'), 'reg.example/team': as('c') });
    expect(auths('reg.example/team/x', all)).toEqual(['a', 'b', 'c']);
    expect(auths('reg.example/teams/x', all)).toEqual(['a', 'b']);
    expect(auths('nginx', all)).toEqual([]);
    expect(
      auths('nginx', secret({ 'https://index.docker.io/v1/': { auth: Buffer.from('hub:p:q').toString('base64') } })),
    ).toEqual(['hub']);
  });
  test('that are damaged are passed over', () => {
    const broken = { data: { '.dockerconfigjson': '!!' } } as never;
    const odd = secret({ 'reg.example': null, 'reg.example/x': { auth: 'nocolon' } });
    expect(auths('reg.example/x', broken, odd, {} as never)).toEqual([]);
  });
});
