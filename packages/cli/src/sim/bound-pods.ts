/** Pods that need no scheduler: so many bound to each simulated node. */
import { type Draft, isReason, type Pod, resources } from '@skiff/api';
import type { SkiffClient } from '@skiff/client';
import type { Fleet } from './shares.ts';

export interface BoundPods {
  readonly client: SkiffClient;
  readonly fleet: Pick<Fleet, 'first' | 'count' | 'prefix'>;
  readonly podsPerNode: number;
  readonly namespace: string;
}

const inFlight = 64;

/** Makes those that are not there. */
export async function createBoundPods(of: BoundPods, signal: AbortSignal): Promise<void> {
  const { client, fleet, podsPerNode, namespace } = of;
  const pods = client.resource(resources.pods);
  const total = fleet.count * podsPerNode;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < total) {
      const index = next;
      next += 1;
      const nodeName = `${fleet.prefix}-${fleet.first + (index % fleet.count)}`;
      await pods
        .create(boundPod(nodeName, Math.floor(index / fleet.count), namespace), { signal })
        .catch((error: unknown) => {
          if (!isReason(error, 'AlreadyExists')) throw error;
        });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

const boundPod = (nodeName: string, number: number, namespace: string): Draft<Pod> => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `${nodeName}-${number}`, namespace, labels: { 'skiff.io/simulated': 'true' } },
  spec: {
    nodeName,
    automountServiceAccountToken: false,
    containers: [
      {
        name: 'main',
        image: 'registry.example/simulated:1',
        readinessProbe: { httpGet: { path: '/', port: 8080 } },
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
      },
    ],
  },
});
