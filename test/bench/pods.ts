/** The pod that is measured with: 2.7 kB when stored, with what real ones have. */

export const namespace = 'default';

export function podDocument(name: string): string {
  const variable = (index: number) => ({
    name: `SETTING_${index}`,
    value: `value-of-setting-${index}-of-this-container`,
  });
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app: 'bench', 'app.kubernetes.io/name': 'bench', 'app.kubernetes.io/part-of': 'measurements' },
      annotations: { 'bench.skiff.io/purpose': 'a pod that nobody runs, to measure the API server with' },
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'registry.example/bench/main:1.2.3',
          args: ['--listen', '0.0.0.0:8080', '--log-level', 'info'],
          ports: [{ name: 'http', containerPort: 8080 }],
          env: Array.from({ length: 3 }, (_, index) => variable(index)),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
      tolerations: [{ key: 'bench', operator: 'Exists', effect: 'NoSchedule' }],
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
