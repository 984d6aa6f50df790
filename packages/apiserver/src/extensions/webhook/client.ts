/**
 * One call of a webhook: a JSON document there, a JSON document back, over verified TLS. Redirects are not followed, and
 * nothing of an answer that is no document reaches whoever caused the call.
 */
import { Agent, request as httpsRequest } from 'node:https';
import type { Clock, JsonObject } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import type { ClientConfig } from '@skiff/api/validation';
import { isObject } from '../../patch/values.ts';
import type { ResolveService } from './resolve.ts';

export interface WebhookCall {
  readonly config: ClientConfig;
  readonly body: JsonObject;
  readonly timeoutMs: number;
  /** Longer answers are refused. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Throws Error with Go's words for what went wrong: `Post "https://…": context deadline exceeded`. */
export type CallWebhook = (call: WebhookCall) => Promise<JsonObject>;

export interface WebhookClient {
  readonly call: CallWebhook;
  close(): void;
}

interface Destination {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** What the certificate must name. */
  readonly servername: string;
}

/** The address as users know it. */
function shownUrl({ url, service }: ClientConfig): string {
  if (url !== undefined) return url;
  const { namespace = '', name = '', path = '', port = 443 } = service ?? {};
  return `https://${name}.${namespace}.svc:${port}/${path.replace(/^\//, '')}`;
}

export function createWebhookClient(clock: Clock, resolve: ResolveService): WebhookClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 100, maxFreeSockets: 10 });
  return {
    async call(asked) {
      const late = new AbortController();
      const timer = clock.after(asked.timeoutMs, () => late.abort(new Error('context deadline exceeded')));
      const signal = AbortSignal.any([late.signal, asked.signal]);
      const query = `?timeout=${Math.ceil(asked.timeoutMs / 1000)}s`;
      try {
        const called = async (): Promise<Answer> => {
          const to = await destinationOf(asked.config, resolve, signal);
          return await post(agent, { ...to, path: `${to.path}${query}` }, asked, signal);
        };
        const answer = await called().catch((error: unknown) => {
          const shown = JSON.stringify(`${shownUrl(asked.config)}${query}`);
          throw new Error(`Post ${shown}: ${explain(signal.aborted ? signal.reason : error)}`);
        });
        return documentOf(answer);
      } finally {
        timer.cancel();
      }
    },
    close: () => agent.destroy(),
  };
}

async function destinationOf(config: ClientConfig, resolve: ResolveService, signal: AbortSignal): Promise<Destination> {
  const { url, service } = config;
  if (url !== undefined) {
    const parsed = new URL(url);
    const host = parsed.hostname.replaceAll(/[[\]]/g, '');
    return { host, port: Number(parsed.port || 443), path: parsed.pathname, servername: host };
  }
  const { namespace = '', name = '', path = '', port = 443 } = service ?? {};
  const at = path.startsWith('/') || path === '' ? path : `/${path}`;
  const servername = `${name}.${namespace}.svc`;
  const address = await resolve({ namespace, name, port }, signal);
  return { ...address, path: at === '' ? '/' : at, servername };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function post(agent: Agent, to: Destination, asked: WebhookCall, signal: AbortSignal): Promise<Answer> {
  const body = JSON.stringify(asked.body);
  const { caBundle = '' } = asked.config;
  const ca = caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') };
  const isName = !/^[\d.]+$|:/.test(to.servername);
  return new Promise((resolve, reject) => {
    const call = httpsRequest(
      {
        ...{ agent, host: to.host, port: to.port, path: to.path, method: 'POST', signal, ...ca },
        ...(isName ? { servername: to.servername } : { servername: '' }),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': Buffer.byteLength(body),
          host: isName ? `${to.servername}:${to.port}` : `${to.host}:${to.port}`,
          'user-agent': 'kube-apiserver-admission',
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > asked.maxBytes) call.destroy(new Error(`the answer is larger than ${asked.maxBytes} bytes`));
          else parts.push(part);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
        response.on('error', reject);
        response.on('close', () => reject(new Error('unexpected EOF')));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** Node's codes in Go's words. */
const words: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connect: connection refused'],
  ['ECONNRESET', 'read: connection reset by peer'],
  ['ENOTFOUND', 'no such host'],
  ['EHOSTUNREACH', 'connect: no route to host'],
  ['ETIMEDOUT', 'i/o timeout'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  ],
  ['CERT_HAS_EXPIRED', 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'],
]);

function explain(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  const known = typeof code === 'string' ? words.get(code) : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}

function documentOf({ status, body }: Answer): JsonObject {
  if (status === 404) throw new Error('the server could not find the requested resource');
  if (status !== 200) {
    throw new Error(`the server responded with the status code ${status} but did not return more information`);
  }
  let value: unknown;
  try {
    value = parseJson(body.toString('utf8')).value;
  } catch {
    throw new Error("couldn't get version/kind; json parse error");
  }
  if (isObject(value)) return value;
  throw new Error("couldn't get version/kind; json parse error");
}
