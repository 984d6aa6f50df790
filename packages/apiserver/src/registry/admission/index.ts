/** The admission steps of every server, in Kubernetes' order. */
import type { AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { claimResize } from './claim-resize.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { externalIPs } from './external-ips.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodes } from './taint-nodes.ts';

export function standardAdmission(env: Env): readonly AdmissionStep[] {
  return [
    namespaceLifecycle(env),
    limitRanger(env),
    serviceAccount(env),
    taintNodes,
    priority(env),
    defaultTolerations,
    defaultStorageClass(env),
    runtimeClass(env),
    defaultIngressClass(env),
    claimResize(env),
    externalIPs,
  ];
}
