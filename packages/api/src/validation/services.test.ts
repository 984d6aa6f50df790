import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange, objectText as object } from './testing.ts';

const service = (spec: string): string => object('v1', 'Service', `spec: {${spec}}`);

test.each([
  ['', 'spec.ports: Required value'],
  [
    'type: Sometimes, ports: [{port: 80}]',
    'spec.type: Unsupported value: "Sometimes": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
  ],
  ['ports: [{port: 80}, {port: 81}]', 'spec.ports[0].name: Required value'],
  [
    'ports: [{port: 80, name: a}, {port: 80, name: b}]',
    'spec.ports[1]: Duplicate value: core.ServicePort{Name:"", Protocol:"TCP", AppProtocol:(*string)(nil), Port:80, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}',
  ],
  ['ports: [{port: 0}]', 'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
  [
    'ports: [{port: 80, nodePort: 30000}]',
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ],
  [
    'type: NodePort, clusterIP: None, clusterIPs: [None], ports: [{port: 80}]',
    'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
  ],
  [
    'clusterIP: "127.1", clusterIPs: ["127.1"], ports: [{port: 80}]',
    'spec.clusterIPs[0]: Invalid value: "127.1": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2], ports: [{port: 80}]',
    'spec.clusterIPs: Invalid value: []string{"10.0.0.2"}: first value must match `clusterIP`',
  ],
  ['type: ExternalName', 'spec.externalName: Required value'],
  [
    'externalIPs: [127.0.0.1], ports: [{port: 80}]',
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    'sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}, ports: [{port: 80}]',
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400',
  ],
  [
    'externalTrafficPolicy: Local, ports: [{port: 80}]',
    'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
  ],
  [
    'loadBalancerSourceRanges: [x], ports: [{port: 80}]',
    "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
  ],
])('Service %s', (spec, fault) => {
  expect(faultsOf(service(spec))[0]).toBe(fault);
});

test('a Service is judged in order', () => {
  expect(
    faultsOf(
      service(
        'type: LoadBalancer, loadBalancerClass: a b, externalTrafficPolicy: Near, internalTrafficPolicy: Near, trafficDistribution: Far, externalIPs: [x], ports: [{port: 10250, nodePort: 30000}, {port: 10250, nodePort: 30000, name: a}, {port: 3, nodePort: 0, name: a}, {port: 4, nodePort: 0, name: b}]',
      ),
    ),
  ).toEqual([
    'spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet',
    'spec.ports[1]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet',
    'spec.ports[0].name: Required value',
    'spec.ports[2].name: Duplicate value: "a"',
    'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'spec.ports[1].nodePort: Duplicate value: 30000',
    expect.stringMatching(/^spec\.ports\[1\]: Duplicate value: core\.ServicePort/),
    expect.stringMatching(/^spec\.loadBalancerClass: Invalid value: "a b": name part must consist/),
    'spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
    'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
    'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose"',
  ]);
  const hints =
    '{apiVersion: v1, kind: Service, metadata: {name: a, annotations: {service.kubernetes.io/topology-mode: Auto, service.kubernetes.io/topology-aware-hints: Disabled}}, spec: {ports: [{port: 80}]}}';
  expect(faultsOf(hints)).toEqual([
    'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Auto": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
  ]);
});

test('a cluster IP stays', () => {
  const at = (ip: string): string => service(`clusterIP: ${ip}, clusterIPs: [${ip}], ports: [{port: 80}]`);
  expect(faultsOfChange(at('10.0.0.2'), at('10.0.0.1'))).toEqual([
    'spec.clusterIPs[0]: Invalid value: []string{"10.0.0.2"}: may not change once set',
  ]);
  expect(faultsOfChange(service('ports: [{port: 80}]'), at('10.0.0.1'))).toEqual([
    'spec.clusterIPs[0]: Invalid value: []string(nil): primary clusterIP can not be unset',
  ]);
  expect(faultsOfChange(service('type: ExternalName, externalName: a.b'), at('10.0.0.1'))).toEqual([]);
});
