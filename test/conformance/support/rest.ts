/** A plain HTTPS client with the administrator's certificate: what it sends and gets is what is on the wire. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { parseYaml } from '@skiff/api/yaml';
import { cluster } from '../../e2e/cluster.ts';
import type { List, Status, Thing } from './shapes.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

export interface Call {
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

const [document] = parseYaml(await readFile(cluster.kubeconfig, 'utf8'));
if (document === undefined) throw new Error(`${cluster.kubeconfig} is empty`);
const { clusters, users } = document.value as unknown as Kubeconfig;
const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
const { 'client-certificate-data': cert, 'client-key-data': key } = users[0].user;
/** Where the REST door is, and the administrator's PEM texts. */
export const door = { server, ca: bytes(ca), cert: bytes(cert), key: bytes(key) };
const agent = new Agent({ keepAlive: true, ...door });

/** Sends a request and answers once its headers are there. `signal` ends it. */
export function open(method: string, path: string, call: Call = {}, signal?: AbortSignal): Promise<IncomingMessage> {
  const { body, headers } = call;
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    request(
      `${server}${path}`,
      {
        method,
        agent,
        headers: { ...(sent === undefined ? {} : ofBody(sent)), ...headers },
        ...(signal === undefined ? {} : { signal }),
      },
      resolve,
    )
      .on('error', reject)
      .end(sent);
  });
}

/** The whole answer, whatever its status. */
export async function ask(method: string, path: string, call: Call = {}): Promise<Answer> {
  const message = await open(method, path, call);
  return { status: message.statusCode ?? 0, headers: message.headers, text: await text(message) };
}

/** The parsed answer of a call that must succeed. */
export async function must<T = Thing>(method: string, path: string, call: Call = {}): Promise<T> {
  const answer = await ask(method, path, call);
  if (answer.status >= 300) throw new Error(`${method} ${path} ended with ${answer.status}: ${answer.text}`);
  return JSON.parse(answer.text) as T;
}

/** The Status of a call that must fail. */
export async function refused(method: string, path: string, call: Call = {}): Promise<Status> {
  const answer = await ask(method, path, call);
  if (answer.status < 400) throw new Error(`${method} ${path} was not refused: ${answer.text}`);
  return JSON.parse(answer.text) as Status;
}

export const get = <T = Thing>(path: string): Promise<T> => must<T>('GET', path);
export const list = (path: string): Promise<List> => must<List>('GET', path);
export const create = (path: string, body: object): Promise<Thing> => must('POST', path, { body });
export const replace = (path: string, body: object): Promise<Thing> => must('PUT', path, { body });
export const remove = <T = Thing>(path: string, options?: object): Promise<T> =>
  must<T>('DELETE', path, options === undefined ? {} : { body: options });

/** Reads, changes and replaces, again when somebody else (a controller) wrote in between. */
export async function change(path: string, to: (current: Thing) => object): Promise<Thing> {
  for (;;) {
    const { status, text } = await ask('PUT', path, { body: to(await get(path)) });
    if (status < 300) return JSON.parse(text) as Thing;
    if (status !== 409) throw new Error(`PUT ${path} ended with ${status}: ${text}`);
  }
}

/** A JSON merge patch. */
export const merge = (path: string, body: object): Promise<Thing> =>
  must('PATCH', path, { body, headers: { 'content-type': 'application/merge-patch+json' } });

/** Whether there is nothing at `path` (anymore). */
export const absent = async (path: string): Promise<boolean> => (await ask('GET', path)).status === 404;

/** The length too: Node sends none with a DELETE. */
function ofBody(sent: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(sent)) };
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
