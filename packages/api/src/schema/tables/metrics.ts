/** The types of metrics.k8s.io/v1beta1, which no npm package of types carries. Source: k8s.io/metrics v0.32. */
import type { RawSchema, RawTable } from '../raw.ts';

const prefix = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';
const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const text = (description: string): RawSchema => ({ description, type: 'string' });

const typeMeta = {
  apiVersion: text('The group and version this object is written in: metrics.k8s.io/v1beta1.'),
  kind: text('The kind of this object, in CamelCase.'),
} as const;

const interval = {
  timestamp: { description: 'When the interval that was measured ended.', type: 'string', format: 'date-time' },
  window: {
    description: 'How long the interval that was measured is, as a Go duration such as 30s.',
    type: 'string',
    format: 'duration',
  },
} as const;

const usage: RawSchema = {
  description: 'How much of each resource was used: CPU as a rate over the interval, memory as the working set.',
  type: 'map',
  values: { type: 'string', format: 'quantity' },
};

const object = (description: string, own: Readonly<Record<string, RawSchema>>, required: readonly string[]) => ({
  description,
  required,
  properties: {
    ...typeMeta,
    metadata: { description: 'Standard metadata.', type: 'ref', ref: `${metaPrefix}.ObjectMeta` } as const,
    ...interval,
    ...own,
  },
});

const list = (kind: string) => ({
  description: `A list of ${kind}.`,
  required: ['items'],
  properties: {
    ...typeMeta,
    metadata: { description: 'Standard list metadata.', type: 'ref', ref: `${metaPrefix}.ListMeta` } as const,
    items: { description: 'The items.', type: 'array', items: { type: 'ref', ref: `${prefix}.${kind}` } } as const,
  },
});

export const metricsTypes: RawTable = {
  [`${prefix}.NodeMetrics`]: object('The resources one node uses.', { usage }, ['timestamp', 'window', 'usage']),
  [`${prefix}.NodeMetricsList`]: list('NodeMetrics'),
  [`${prefix}.PodMetrics`]: object(
    'The resources one pod uses.',
    {
      containers: {
        description: 'What each container uses, measured over the same interval.',
        type: 'array',
        items: { type: 'ref', ref: `${prefix}.ContainerMetrics` },
      },
    },
    ['timestamp', 'window', 'containers'],
  ),
  [`${prefix}.PodMetricsList`]: list('PodMetrics'),
  [`${prefix}.ContainerMetrics`]: {
    description: 'The resources one container uses.',
    required: ['name', 'usage'],
    properties: { name: text('The name of the container in the spec of its pod.'), usage },
  },
};
