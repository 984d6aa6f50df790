/** The pod that is measured with: 2.7 kB when stored, with what real ones have. */

export const namespace = 'default';

export function podDocument(name: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { 'app.kubernetes.io/name': 'bench' },
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'registry.example/bench/main:1.2.3',
          args: ['--listen', '0.0.0.0:8080'],
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [{ name: 'LOG_LEVEL', value: 'info' }],
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        },
      ],
    },
  });
}

/** A pod bound to a node: plainer, so that it is 2.7 kB with its status and what is noted of who manages which field. */
export function boundPodDocument(name: string, nodeName: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' }, annotations: { 'bench.skiff.io/version': '0' } },
    spec: {
      nodeName,
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image: 'registry.example/bench/main:1.2.3' }],
    },
  });
}

/** What an agent would say of it. */
export const statusPatch = (index: number): string =>
  JSON.stringify({
    status: {
      phase: 'Running',
      podIP: `10.244.${(index >> 8) & 255}.${index & 255}`,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z' }],
    },
  });
