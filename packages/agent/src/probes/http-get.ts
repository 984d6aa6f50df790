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

const maxRedirects = 10;
const maxBodyBytes = 10 * 1024;

export async function httpGet(question: HttpQuestion, signal: AbortSignal): Promise<Answer> {
  let url = urlOf(question);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await getOnce(url, question, signal);
    if ('fault' in answer) return { ok: false, output: `Get "${url}": ${answer.fault}` };
    const next = answer.location === undefined ? undefined : resolveUrl(answer.location, url);
    const follow = answer.code >= 300 && answer.code < 400 && next !== undefined && next.hostname === url.hostname;
    if (follow && redirects >= maxRedirects) return { ok: false, output: `Get "${url}": stopped after 10 redirects` };
    if (follow) url = next;
    else if (answer.code >= 200 && answer.code < 400) return { ok: true, output: answer.body };
    else return { ok: false, output: `HTTP probe failed with statuscode: ${answer.code}` };
  }
}

function urlOf({ https, host, port, path }: HttpQuestion): URL {
  const name = host.includes(':') ? `[${host}]` : host;
  const base = new URL(`${https ? 'https' : 'http'}://${name}:${port}`);
  return new URL(path.startsWith('/') ? path : `/${path}`, base);
}

function resolveUrl(location: string, base: URL): URL | undefined {
  return URL.canParse(location, base) ? new URL(location, base) : undefined;
}

type Once =
  | { readonly code: number; readonly body: string; readonly location: string | undefined }
  | { readonly fault: string };

function getOnce(url: URL, question: HttpQuestion, signal: AbortSignal): Promise<Once> {
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.32', Accept: '*/*', Connection: 'close' };
  for (const [name, value] of question.headers) {
    for (const known of Object.keys(headers)) {
      if (known.toLowerCase() === name.toLowerCase()) delete headers[known];
    }
    headers[name] = value;
  }
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
