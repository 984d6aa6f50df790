/**
 * The built-in signers: approves what nodes ask for themselves, signs what is approved, forgets what is old. Keyed by name.
 * An authority that is not given signs nothing: requests stay approved, as in a kube-controller-manager without a signing key.
 */
import {
  type CertificateSigningRequest,
  type Clock,
  formatTime,
  isReason,
  parseTime,
  resources,
  type SubjectAccessReview,
} from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { type Asked, isBuiltinSigner, lifetimeMs, refusal, type Standing, selfApproval, standingOf } from './decide.ts';
import { type Authority, readRequest, signRequest } from './sign.ts';

export interface CertificatesContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly authority: Authority | undefined;
}

const hourMs = 3_600_000;
/** kube-controller-manager's csrcleaner. */
const keptMs: Readonly<Record<Standing, number>> = {
  pending: 24 * hourMs,
  /** Its signer is late, not it. */
  approved: Number.POSITIVE_INFINITY,
  denied: hourMs,
  failed: hourMs,
  issued: hourMs,
};

export function certificatesController({ client, informers, clock, authority }: CertificatesContext): Controller {
  const requests = informers.informer(resources.certificatesigningrequests);
  const api = client.resource(resources.certificatesigningrequests);

  async function reconcile(name: string): Promise<LookAgain | undefined> {
    const request = requests.get('', name);
    if (request === undefined || request.metadata.deletionTimestamp !== undefined) return undefined;
    const afterMs = keptUntil(request) - clock.now();
    try {
      if (afterMs <= 0) {
        await api.delete('', name);
        return undefined;
      }
      if (isBuiltinSigner(request.spec.signerName)) await serve(request);
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
    return Number.isFinite(afterMs) ? { afterMs } : undefined;
  }

  async function serve(request: CertificateSigningRequest): Promise<void> {
    const standing = standingOf(request);
    if (standing !== 'pending' && (standing !== 'approved' || authority === undefined)) return;
    const csrPem = Buffer.from(String(request.spec.request), 'base64').toString();
    const asked = await readRequest(csrPem).catch((error: unknown) => {
      return error instanceof Error ? error.message : String(error);
    });
    if (standing === 'pending') {
      if (typeof asked !== 'string') await approve(request, asked);
      return;
    }
    const usages = request.spec.usages ?? [];
    const why =
      typeof asked === 'string' ? `unable to parse csr: ${asked}` : refusal(request.spec.signerName, asked, usages);
    if (why !== undefined) {
      await putStatus(request, { conditions: withCondition(request, 'Failed', 'SignerValidationFailure', why) });
    } else if (authority !== undefined) {
      const options = { usages, nowMs: clock.now(), lifetimeMs: lifetimeMs(request) };
      const certificate = await signRequest(authority, csrPem, options);
      await putStatus(request, { certificate: Buffer.from(certificate).toString('base64') });
    }
  }

  async function approve(request: CertificateSigningRequest, asked: Asked): Promise<void> {
    const approval = selfApproval(request, asked);
    if (approval === undefined) return;
    for (const subresource of approval.subresources) {
      if (!(await mayCreate(request, subresource))) continue;
      const conditions = withCondition(request, 'Approved', 'AutoApproved', approval.message);
      await api.update({ ...request, status: { ...request.status, conditions } }, { subresource: 'approval' });
      return;
    }
  }

  async function mayCreate({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const review = await client.resource(resources.subjectaccessreviews).create({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: spec.username ?? '',
        uid: spec.uid ?? '',
        groups: [...(spec.groups ?? [])],
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
        },
      },
    } as SubjectAccessReview);
    return review.status?.allowed === true;
  }

  const putStatus = (request: CertificateSigningRequest, part: CertificateSigningRequest['status']) =>
    api.update({ ...request, status: { ...request.status, ...part } }, { subresource: 'status' });

  const withCondition = (request: CertificateSigningRequest, type: string, reason: string, message: string) => {
    const time = formatTime(clock.now());
    const condition = { type, status: 'True', reason, message, lastUpdateTime: time, lastTransitionTime: time };
    return [...(request.status?.conditions ?? []), condition];
  };

  return {
    name: 'certificates',
    watch: (enqueue) => requests.onChange((change) => enqueue(change.object.metadata.name)),
    reconcile,
  };
}

/** When it may go, counted from its last condition or, without one, from its making. */
function keptUntil(request: CertificateSigningRequest): number {
  const times = (request.status?.conditions ?? []).map((one) => parseTime(String(one.lastUpdateTime)) ?? 0);
  const since = Math.max(parseTime(request.metadata.creationTimestamp ?? '') ?? 0, ...times);
  return since + keptMs[standingOf(request)];
}
