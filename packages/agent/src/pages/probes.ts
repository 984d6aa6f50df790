/** `/metrics/probes`: outcomes of probes, under kubelet's name and labels. Pure. */
import type { ProbeCount } from '../probes/tally.ts';
import { exposition } from './exposition.ts';

const titled = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const results = { success: 'successful', failure: 'failed', unknown: 'unknown' } as const;

export const probeMetrics = (counts: readonly ProbeCount[]): string =>
  exposition([
    {
      name: 'prober_probe_total',
      help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
      type: 'counter',
      samples: counts.map(({ pod, container, kind, outcome, count }) => ({
        labels: {
          container,
          namespace: pod.metadata.namespace ?? '',
          pod: pod.metadata.name,
          pod_uid: pod.metadata.uid,
          probe_type: titled(kind),
          result: results[outcome],
        },
        value: count,
      })),
    },
  ]);
