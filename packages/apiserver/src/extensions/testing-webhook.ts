/** A webhook on loopback with a certificate of its own authority. For tests only. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type JsonObject, realClock } from '@skiff/api';
import { createCA, issueCertificate } from '../pki/authority.ts';
import type { ExtendedRegistry } from './testing.ts';

export interface TestWebhook {
  readonly url: string;
  /** PEM in base64, as configurations hold it. */
  readonly caBundle: string;
  /** The bodies that arrived. */
  readonly requests: readonly JsonObject[];
  /** What answers from now on. */
  answer: (body: JsonObject, path: string) => Reply | Promise<Reply>;
  close(): Promise<void>;
}

export type Reply =
  | JsonObject
  | { readonly status: number; readonly headers?: Record<string, string>; readonly raw: string };

const day = 86_400_000;

export async function startWebhook(answer: TestWebhook['answer']): Promise<TestWebhook> {
  const nowMs = realClock.now();
  const ca = await createCA({ commonName: 'webhook-ca', nowMs, lifetimeMs: day });
  const certificate = await issueCertificate(ca, {
    ...{ commonName: 'webhook', organizations: [], usages: ['server'], nowMs, lifetimeMs: day },
    ...{ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] },
  });
  const requests: JsonObject[] = [];
  const server: Server = createServer(
    { cert: certificate.certificatePem, key: certificate.keyPem },
    (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', async () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as JsonObject;
        requests.push(body);
        const reply = await webhook.answer(body, request.url ?? '');
        if ('raw' in reply)
          response.writeHead(Number(reply.status), reply.headers as Record<string, string>).end(reply.raw as string);
        else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const webhook: TestWebhook = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(ca.certificatePem).toString('base64'),
    requests,
    answer,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return webhook;
}

/** The request of an AdmissionReview that arrived. */
export const requestOf = (body: JsonObject): JsonObject & { object: JsonObject; oldObject: JsonObject } =>
  body.request as never;

export const answer = (body: JsonObject, response: JsonObject): JsonObject => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  response: { uid: requestOf(body).uid ?? null, ...response },
});

export const allow = (body: JsonObject): Reply => answer(body, { allowed: true });

export const patched =
  (...operations: readonly JsonObject[]) =>
  (body: JsonObject): Reply =>
    answer(body, {
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
    });

export const deny =
  (status?: JsonObject) =>
  (body: JsonObject): Reply =>
    answer(body, { allowed: false, ...(status === undefined ? {} : { status }) });

export const mutating = 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
export const validating = 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** Rules for these resources of a group. */
export const rulesFor = (
  resources: readonly string[],
  operations: readonly string[] = ['*'],
  group = '',
): JsonObject[] => [
  { operations: [...operations], apiGroups: [group], apiVersions: ['v1'], resources: [...resources] },
];

/** Configures a webhook, for ConfigMaps unless `more` has other rules, and waits until it is in force. */
export async function configureWebhook(
  memory: ExtendedRegistry,
  webhook: TestWebhook,
  of: string,
  more: JsonObject = {},
  name = 'one',
): Promise<void> {
  const kind = of === mutating ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
  await memory.call.create(of, '', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.x.io`,
        clientConfig: { url: `${webhook.url}/${name}`, caBundle: webhook.caBundle },
        rules: rulesFor(['configmaps']),
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...more,
      },
    ],
  });
  await memory.settle();
}
