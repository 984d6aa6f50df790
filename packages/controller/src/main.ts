/** The controller manager: every controller over one client and one set of informers, run by the one leader of several. */
import type { Clock, Logger, Random } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { type Client, createEventRecorder, createInformerFactory, runWhileLeading } from '@skiff/client';
import { createCatalog } from './catalog.ts';
import { certificatesController } from './certificates/reconcile.ts';
import type { Authority } from './certificates/sign.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/reconcile.ts';
import { cronJobController } from './cronjob/reconcile.ts';
import { daemonSetController } from './daemonset/reconcile.ts';
import { deploymentController } from './deployment/reconcile.ts';
import { disruptionController } from './disruption/reconcile.ts';
import { endpointsController } from './endpoints/reconcile.ts';
import { endpointSliceController } from './endpointslice/reconcile.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/reconcile.ts';
import { garbageController } from './garbage/reconcile.ts';
import { jobController } from './job/reconcile.ts';
import { storedKinds } from './kinds.ts';
import { namespaceController } from './namespace/reconcile.ts';
import { nodeIpamController } from './node-ipam/reconcile.ts';
import { nodeLifecycleController } from './node-lifecycle/reconcile.ts';
import { nodeTtlController } from './node-ttl/reconcile.ts';
import { podGcController } from './pod-gc/reconcile.ts';
import { replicaSetController, replicationController } from './replicaset/reconcile.ts';
import { resourceQuotaController } from './resourcequota/reconcile.ts';
import { rootCaController } from './root-ca/reconcile.ts';
import { type Controller, runController } from './runtime/controller.ts';
import { serviceAccountController } from './service-account/reconcile.ts';
import { serviceAccountTokenController } from './service-account-token/reconcile.ts';
import { statefulSetController } from './statefulset/reconcile.ts';
import { taintEvictionController } from './taint-eviction/reconcile.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/reconcile.ts';

export interface ControllersConfig {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Unique among the replicas: the holder identity of the Lease kube-system/kube-controller-manager. */
  readonly identity: string;
  readonly clusterCIDR: string;
  readonly nodeMaskSize: number;
  readonly nodeGraceMs: number;
  /** PEM, published in every namespace. */
  readonly rootCA: string;
  /** Signs the requests of the built-in signers; nobody does without one. */
  readonly signingAuthority: Authority | undefined;
}

/** Runs until the signal aborts, or rejects when leadership is lost: a former leader must not go on, so its process ends. */
export async function runControllers(config: ControllersConfig, signal: AbortSignal): Promise<void> {
  const name = 'kube-controller-manager';
  const recorder = createEventRecorder({ ...config, component: name });
  await runWhileLeading(
    { ...config, recorder, lease: { namespace: 'kube-system', name } },
    (leading) => runAll(config, leading),
    signal,
  );
}

async function runAll(config: ControllersConfig, signal: AbortSignal): Promise<void> {
  const informers = createInformerFactory(config);
  /** What a controller needs; `component` is who its events come from, as in kube-controller-manager. */
  const as = (component: string) => ({
    ...config,
    informers,
    recorder: createEventRecorder({ ...config, component }),
    graceMs: config.nodeGraceMs,
  });
  const catalog = createCatalog({
    builtin: storedKinds(builtinDefinitions()),
    informers,
    separate: () => createInformerFactory(config),
  });
  const controllers: Controller[] = [
    nodeIpamController(as('cidrAllocator')),
    nodeLifecycleController(as('node-controller')),
    nodeTtlController(config.client, informers),
    taintEvictionController(as('taint-eviction-controller')),
    deploymentController(as('deployment-controller')),
    replicaSetController(as('replicaset-controller')),
    replicationController(as('replication-controller')),
    statefulSetController(as('statefulset-controller')),
    daemonSetController(as('daemonset-controller')),
    jobController(as('job-controller')),
    ttlAfterFinishedController(as('ttl-after-finished-controller')),
    cronJobController(as('cronjob-controller')),
    endpointSliceController(as('endpoint-slice-controller')),
    endpointSliceMirroringController(as('endpoint-slice-mirroring-controller')),
    endpointsController(as('endpoint-controller')),
    serviceAccountController(config.client, informers),
    serviceAccountTokenController(config.client, informers, config.rootCA),
    clusterRoleAggregationController(config.client, informers),
    certificatesController({ ...config, informers, authority: config.signingAuthority }),
    rootCaController(config.client, informers, config.rootCA),
    disruptionController(as('controllermanager')),
    podGcController(as('pod-garbage-collector')),
    namespaceController({ ...as('namespace-controller'), catalog }),
    garbageController({ ...as('garbage-collector-controller'), catalog }),
    resourceQuotaController({ ...as('resourcequota-controller'), catalog }),
  ];
  try {
    await informers.synced(signal);
    await Promise.all(controllers.map((controller) => runController(controller, config, signal)));
  } finally {
    await informers.stop();
  }
}
