/** An HTTP probe: 200 to 399 is well; certificates are not checked; redirects within the host are followed. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Answer, describeSocketError } from './answer.ts';

export interface HttpQuestion {
  readonly https: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Go's client gives up when ten requests were answered with a redirect. */
const maxRequests = 10;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const maxBodyBytes = 10 * 1024;

export async function httpGet(question: HttpQuestion, signal: AbortSignal): Promise<Answer> {
  let url = urlOf(question);
  for (let made = 1; ; made += 1) {
    const answer = await getOnce(url, question, signal);
    if ('fault' in answer) return { ok: false, output: `Get "${url}": ${answer.fault}` };
    const next = answer.location === undefined ? undefined : resolveUrl(answer.location, url);
    const follow = redirects.has(answer.code) && next !== undefined && next.hostname === url.hostname;
    if (follow && made >= maxRequests) return { ok: false, output: `Get "${url}": stopped after 10 redirects` };
    if (follow) url = next;
    else if (answer.code >= 200 && answer.code < 400) return { ok: true, output: answer.body };
    else return { ok: false, output: `HTTP probe failed with statuscode: ${answer.code}` };
  }
}

function urlOf({ https, host, port, path }: HttpQuestion): URL {
  const name = host.includes(':') ? `[${host}]` : host;
  // Put together as text: a path that begins with `//` must not become another host.
  return new URL(`${https ? 'https' : 'http'}://${name}:${port}${path.startsWith('/') ? path : `/${path}`}`);
}

/** The probe's own headers, a name given twice sent twice; an empty User-Agent or Accept takes the default away. */
function headersOf(own: HttpQuestion['headers']): Record<string, string | string[]> {
  const headers = new Map<string, string[]>();
  for (const [name, value] of own) {
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), value]);
  }
  for (const [name, value] of [['user-agent', 'kube-probe/1.32'] as const, ['accept', '*/*'] as const]) {
    const given = headers.get(name);
    if (given === undefined) headers.set(name, [value]);
    else if (given[0] === '') headers.delete(name);
  }
  headers.set('connection', ['close']);
  return Object.fromEntries([...headers].map(([name, values]) => [name, name === 'host' ? (values[0] ?? '') : values]));
}

function resolveUrl(location: string, base: URL): URL | undefined {
  return URL.canParse(location, base) ? new URL(location, base) : undefined;
}

type Once =
  | { readonly code: number; readonly body: string; readonly location: string | undefined }
  | { readonly fault: string };

function getOnce(url: URL, question: HttpQuestion, signal: AbortSignal): Promise<Once> {
  const headers = headersOf(question.headers);
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method: 'GET',
    headers,
    signal,
    agent: false,
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ fault: `dial tcp ${url.host}: ${describeSocketError(error)}` });
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, options, (response) => {
      readBody(response).then(
        (body) => resolve({ code: response.statusCode ?? 0, body, location: response.headers.location }),
        fail,
      );
    });
    request.once('error', fail);
    request.end();
  });
}

/** The first 10 KiB; the rest is not read. */
async function readBody(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size >= maxBodyBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBodyBytes).toString('utf8');
}
