/** A webhook on this machine, where the API server reaches it: at the bridge that joins the cluster's hosts. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { realClock } from '@skiff/api';
import { createCA, issueCertificate } from '@skiff/apiserver';
import { cluster } from '../../e2e/cluster.ts';
import { create, remove } from './rest.ts';
import type { Thing } from './shapes.ts';
import { eventually, unique } from './test.ts';

export interface Request {
  readonly uid: string;
  readonly operation: string;
  readonly object: Thing;
  readonly oldObject: Thing;
}

/** What a review answers besides the uid; never answers when it never settles. */
export type Judge = (request: Request) => object | Promise<object>;
/** What a conversion makes of each object. */
export type Convert = (object: Thing, version: string) => object;

export interface Webhook {
  /** For a configuration. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  close(): void;
}

const host = `${cluster.place.subnet}.1`;
const validity = { nowMs: realClock.now(), lifetimeMs: 86_400_000 };
const ca = await createCA({ commonName: 'conformance', ...validity });
const leaf = await issueCertificate(ca, {
  commonName: 'webhook',
  usages: ['server'],
  ipAddresses: [host],
  ...validity,
});

export async function startWebhook(answer: (body: Record<string, unknown>) => Promise<object>): Promise<Webhook> {
  const server = createServer({ cert: leaf.certificatePem, key: leaf.keyPem }, (request, response) => {
    const serve = async (): Promise<void> => {
      const body = await answer(JSON.parse(await text(request)) as Record<string, unknown>);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    };
    serve().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: { url: `https://${host}:${port}/`, caBundle: Buffer.from(ca.certificatePem).toString('base64') },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export const judging = (judge: Judge): Promise<Webhook> =>
  startWebhook(async ({ request }) => {
    const asked = request as Request;
    return {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: asked.uid, ...(await judge(asked)) },
    };
  });

export const converting = (convert: Convert): Promise<Webhook> =>
  startWebhook(async ({ request }) => {
    const { uid, objects, desiredAPIVersion } = request as { uid: string; objects: Thing[]; desiredAPIVersion: string };
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion));
    const response = { uid, convertedObjects, result: { status: 'Success' } };
    return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response };
  });

export const allowed = { allowed: true };
export const denied = { allowed: false, status: { message: 'not in this house' } };

/** Lets the object pass with a JSON patch. */
export const patched = (...operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});

export type Sort = 'mutating' | 'validating';

export const configurations = (sort: Sort): string =>
  `/apis/admissionregistration.k8s.io/v1/${sort}webhookconfigurations`;

export const rule = (resources: readonly string[], operations: readonly string[] = ['*'], group = ''): object => ({
  operations,
  apiGroups: [group],
  apiVersions: ['*'],
  resources,
});

/** One webhook of a configuration that acts in one namespace only. */
export const hook = (webhook: Webhook, ns: string, more: object = {}): object => ({
  name: 'hook.example.com',
  clientConfig: webhook.clientConfig,
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
  rules: [rule(['configmaps'])],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 10,
  ...more,
});

/** Runs `use` while a configuration of these webhooks is there. */
export async function configured(
  sort: Sort,
  webhooks: readonly object[],
  use: (path: string) => Promise<void>,
  metadata: object = {},
): Promise<void> {
  const name = unique('conformance');
  await create(configurations(sort), { metadata: { name, ...metadata }, webhooks });
  try {
    await use(`${configurations(sort)}/${name}`);
  } finally {
    await remove(`${configurations(sort)}/${name}`);
  }
}

/** Waits until creating ConfigMaps in `ns` ends in a way that `wanted` takes: the server hears of configurations by watch. */
export const takesEffect = (
  what: string,
  ns: string,
  wanted: (made: Thing | undefined) => boolean,
  name = (): string => unique('probe'),
): Promise<boolean> =>
  eventually(what, async () => {
    const made = await create(`/api/v1/namespaces/${ns}/configmaps?dryRun=All`, { metadata: { name: name() } }).catch(
      () => undefined,
    );
    return wanted(made);
  });

export const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
export const container = { name: 'main', image: 'skiff/busybox:1' };

/** Adds data to a ConfigMap. */
export const mark = (key: string): object => patched({ op: 'add', path: '/data', value: { [key]: 'yes' } });
export const isMarked = (made: Thing | undefined): boolean => made?.data?.first === 'yes';
export const isPlain = (made: Thing | undefined): boolean => made !== undefined && made.data === undefined;
export const isRefused = (made: Thing | undefined): boolean => made === undefined;
export const exists = (made: Thing | undefined): boolean => made !== undefined;

export async function withWebhook(webhook: Promise<Webhook>, use: (webhook: Webhook) => Promise<void>): Promise<void> {
  const started = await webhook;
  try {
    await use(started);
  } finally {
    started.close();
  }
}
