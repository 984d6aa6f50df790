import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '@skiff/api';
import { service } from '@skiff/client/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { container, podWith } from '../pods/testing/facts.ts';
import { environmentOf } from './environment.ts';
import { expand } from './expand.ts';
import { quote } from './quote.ts';

const around = {
  hostIPs: ['192.168.0.1'],
  podIPs: ['10.244.0.5', 'fd00::5'],
  nodeName: 'n1',
  nodeCpus: 4,
  nodeMemoryBytes: 8e9,
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Given {
  readonly pod?: Pod;
  readonly container?: Partial<Container>;
  readonly configMaps?: Readonly<Record<string, Partial<ConfigMap>>>;
  readonly secrets?: Readonly<Record<string, Partial<Secret>>>;
  readonly services?: readonly Service[];
}

const environment = (given: Given): Record<string, string> =>
  Object.fromEntries(
    environmentOf({
      pod: given.pod ?? podWith({}),
      container: container('app', given.container),
      objects: {
        configMap: (name) => given.configMaps?.[name] as ConfigMap | undefined,
        secret: (name) => given.secrets?.[name] as Secret | undefined,
      },
      services: given.services ?? [],
      around,
    }),
  );
const withEnv = (env: EnvVar[], given: Given = {}): Record<string, string> =>
  environment({ ...given, container: { ...given.container, env } });

describe('$(VAR)', () => {
  const known = new Map([
    ['A', 'one'],
    ['B', '$(A)'],
    ['', 'empty'],
  ]);
  test.each([
    ['$(A)', 'one'],
    ['x$(A)y$(A)', 'xoneyone'],
    ['$(NONE)', '$(NONE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$one'],
    ['$$$$(A)', '$$(A)'],
    ['$A $[A] $', '$A $[A] $'],
    ['$(A', '$(A'],
    ['$(A $$ $(B)', '$(A $$ $(B)'],
    ['$( $$', '$( $'],
    ['$(B)', '$(A)'],
    ['$()', 'empty'],
    ['price: 5$', 'price: 5$'],
    ['$-$(A)', '$-one'],
  ])('%j becomes %j', (text, expected) => {
    expect(expand(text, (name) => known.get(name))).toBe(expected);
  });
  test('text without a dollar is itself; doubled dollars are halved', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(expand(text.replaceAll('$', ''), () => 'x')).toBe(text.replaceAll('$', ''));
        expect(expand(text.replaceAll('$', '$$$$'), () => 'x')).toBe(text);
      }),
    );
  });
});

describe('variables', () => {
  test('refer to those before them, and to Services; not to those behind', () => {
    const env = [
      { name: 'A', value: '$(LATER) $(WEB_SERVICE_HOST)' },
      { name: 'LATER', value: 'late' },
      { name: 'B', value: '$(LATER)' },
    ];
    const web = service('web', { metadata: { namespace: 'shop' }, spec: { clusterIP: '10.96.0.7' } });
    const result = withEnv(env, { services: [web] });
    expect(result).toMatchObject({ A: '$(LATER) 10.96.0.7', B: 'late' });
  });
  test('a declared one wins over a Service’s, and the last of a name over the first', () => {
    const web = service('web', { metadata: { namespace: 'shop' }, spec: { clusterIP: '10.96.0.7' } });
    const env = [
      { name: 'WEB_SERVICE_HOST', value: 'mine' },
      { name: 'WEB_SERVICE_HOST', value: 'again $(WEB_SERVICE_HOST)' },
    ];
    expect(withEnv(env, { services: [web] }).WEB_SERVICE_HOST).toBe('again mine');
  });
  test('of ConfigMaps and Secrets', () => {
    const env = [
      { name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'a' } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'b' } } },
      { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'none', optional: true } } },
      { name: 'D', valueFrom: { secretKeyRef: { name: 'none', key: 'x', optional: true } } },
      { name: 'E', value: '$(A)$(B)$(C)' },
    ];
    const given = { configMaps: { c: { data: { a: '$(x)' } } }, secrets: { s: { data: { b: base64('ü') } } } };
    expect(withEnv(env, given)).toEqual({ A: '$(x)', B: 'ü', E: '$(x)ü$(C)' });
  });
  test.each([
    [{ configMapKeyRef: { name: 'none', key: 'a' } }, 'configmap "none" not found'],
    [{ configMapKeyRef: { name: 'c', key: 'none' } }, "couldn't find key none in ConfigMap shop/c"],
    [{ configMapKeyRef: { name: 'c', key: 'constructor' } }, "couldn't find key constructor in ConfigMap shop/c"],
    [{ secretKeyRef: { name: 'none', key: 'a' } }, 'secret "none" not found'],
    [{ secretKeyRef: { name: 's', key: 'none' } }, "couldn't find key none in Secret shop/s"],
    [{ fieldRef: { fieldPath: 'spec.nope' } }, 'unsupported fieldPath: spec.nope'],
  ])('%j is an error of configuration', (valueFrom, message) => {
    const given = { configMaps: { c: { data: {} } }, secrets: { s: { data: {} } } };
    const attempt = (): unknown => withEnv([{ name: 'A', valueFrom }], given);
    expect(attempt).toThrow(expect.objectContaining({ reason: 'CreateContainerConfigError', message }));
  });
});

describe('envFrom', () => {
  const configMaps = { c: { data: { a: '1', 'b.c-d': '2', 'with=sign': '3', ' x': '4', ü: '5' } } };
  test('takes all keys, with a prefix, and passes over what is no name', () => {
    const envFrom = [{ prefix: 'P_', configMapRef: { name: 'c' } }];
    expect(environment({ container: { envFrom }, configMaps })).toEqual({ P_a: '1', 'P_b.c-d': '2', 'P_ x': '4' });
  });
  test('a later source wins, and env over all', () => {
    const envFrom = [{ configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }];
    const given = { configMaps: { c: { data: { a: '1', b: '1' } } }, secrets: { s: { data: { a: base64('2') } } } };
    expect(environment({ ...given, container: { envFrom } })).toEqual({ a: '2', b: '1' });
    const env = [{ name: 'b', value: '$(a)3' }];
    expect(environment({ ...given, container: { envFrom, env } })).toEqual({ a: '2', b: '23' });
  });
  test('of something missing is an error unless optional', () => {
    const of = (optional: boolean) => ({ container: { envFrom: [{ secretRef: { name: 'none', optional } }] } });
    expect(() => environment(of(false))).toThrow('secret "none" not found');
    expect(environment(of(true))).toEqual({});
  });
});

describe('fields of the pod', () => {
  const metadata = { ...podWith({}).metadata, labels: { app: 'web', b: 'x"y' }, annotations: { note: 'a\nb' } };
  const pod = podWith({ serviceAccountName: 'robot' }, { metadata });
  test.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u1'],
    ["metadata.labels['app']", 'web'],
    ["metadata.labels['none']", ''],
    ["metadata.annotations['note']", 'a\nb'],
    ['metadata.labels', 'app="web"\nb="x\\"y"'],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'robot'],
    ['status.hostIP', '192.168.0.1'],
    ['status.podIP', '10.244.0.5'],
    ['status.podIPs', '10.244.0.5,fd00::5'],
  ])('%s is %j', (fieldPath, expected) => {
    expect(withEnv([{ name: 'A', valueFrom: { fieldRef: { fieldPath } } }], { pod }).A).toBe(expected);
  });
  test.each([
    ['plain', '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u0007\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
    ['\u0001\u007f', '"\\x01\\x7f"'],
    ['ü €😀', '"ü €😀"'],
    ['\u00a0\u2028\u200b', '"\\u00a0\\u2028\\u200b"'],
    ['\u{e0001}', '"\\U000e0001"'],
  ])('%j is quoted %s', (text, expected) => {
    expect(quote(text)).toBe(expected);
  });
});

describe('resources of the container', () => {
  const resources = { limits: { cpu: '1500m', memory: '100Mi' }, requests: { cpu: '250m', memory: '50Mi' } };
  const value = (resource: string, divisor?: string, part: Partial<Container> = { resources }): string | undefined => {
    const resourceFieldRef = { resource, ...(divisor === undefined ? {} : { divisor }) };
    return withEnv([{ name: 'A', valueFrom: { resourceFieldRef } }], { container: part }).A;
  };
  test.each([
    ['limits.cpu', undefined, '2'],
    ['limits.cpu', '1', '2'],
    ['limits.cpu', '0', '2'],
    ['limits.cpu', '1m', '1500'],
    ['requests.cpu', undefined, '1'],
    ['requests.cpu', '1m', '250'],
    ['limits.memory', undefined, '104857600'],
    ['limits.memory', '1Mi', '100'],
    ['limits.memory', '1M', '105'],
    ['requests.memory', '1Ki', '51200'],
  ])('%s by %s is %s', (resource, divisor, expected) => {
    expect(value(resource, divisor)).toBe(expected);
  });
  test('without a limit: what the node has', () => {
    expect(value('limits.cpu', undefined, {})).toBe('4');
    expect(value('limits.memory', undefined, {})).toBe('8000000000');
    expect(value('requests.cpu', undefined, {})).toBe('0');
  });
  test('of another container, by name', () => {
    const pod = podWith({ containers: [container('app'), container('db', { resources })] });
    const of = (containerName: string) => [
      { name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', containerName } } },
    ];
    expect(withEnv(of('db'), { pod }).A).toBe('104857600');
    expect(() => withEnv(of('none'), { pod })).toThrow('container none not found');
  });
});

describe('Services', () => {
  const ports = [
    { name: 'http', port: 80 },
    { name: 'dns-udp', port: 53, protocol: 'UDP' as const },
  ];
  const web = service('my-web', { metadata: { namespace: 'shop' }, spec: { clusterIP: '10.96.0.7', ports } });
  const master = service('kubernetes', { metadata: { namespace: 'default' }, spec: { clusterIP: '10.96.0.1' } });
  test('of the namespace, as Docker links had them', () => {
    expect(environment({ services: [web] })).toEqual({
      MY_WEB_SERVICE_HOST: '10.96.0.7',
      MY_WEB_SERVICE_PORT: '80',
      MY_WEB_SERVICE_PORT_HTTP: '80',
      MY_WEB_SERVICE_PORT_DNS_UDP: '53',
      MY_WEB_PORT: 'tcp://10.96.0.7:80',
      MY_WEB_PORT_80_TCP: 'tcp://10.96.0.7:80',
      MY_WEB_PORT_80_TCP_PROTO: 'tcp',
      MY_WEB_PORT_80_TCP_PORT: '80',
      MY_WEB_PORT_80_TCP_ADDR: '10.96.0.7',
      MY_WEB_PORT_53_UDP: 'udp://10.96.0.7:53',
      MY_WEB_PORT_53_UDP_PROTO: 'udp',
      MY_WEB_PORT_53_UDP_PORT: '53',
      MY_WEB_PORT_53_UDP_ADDR: '10.96.0.7',
    });
  });
  test('without links only the API server’s; headless ones and other namespaces’ never', () => {
    const headless = service('headless', { metadata: { namespace: 'shop' }, spec: { clusterIP: 'None' } });
    const far = service('far', { metadata: { namespace: 'other' }, spec: { clusterIP: '10.96.0.9' } });
    const services = [web, master, headless, far];
    const names = (pod: Pod): string[] =>
      Object.keys(environment({ pod, services })).filter((name) => name.endsWith('_SERVICE_HOST'));
    expect(names(podWith({}))).toEqual(['KUBERNETES_SERVICE_HOST', 'MY_WEB_SERVICE_HOST']);
    expect(names(podWith({ enableServiceLinks: false }))).toEqual(['KUBERNETES_SERVICE_HOST']);
  });
});
