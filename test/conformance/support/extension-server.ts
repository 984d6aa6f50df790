/** A small API server of the tests' own that stands behind an APIService: one namespaced kind, kept in memory. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { realClock } from '@skiff/api';
import { createCA, issueCertificate } from '@skiff/apiserver';
import { cluster } from '../../e2e/cluster.ts';
import { get } from './rest.ts';
import type { Thing } from './shapes.ts';

export interface ExtensionServer {
  readonly group: string;
  readonly host: string;
  readonly port: number;
  /** PEM in base64, for the APIService. */
  readonly caBundle: string;
  /** Who asked last, as the front door said and proved. */
  readonly callers: readonly string[];
  /** From now on it answers nothing. */
  close(): void;
}

const host = `${cluster.place.subnet}.1`;
const validity = { nowMs: realClock.now(), lifetimeMs: 86_400_000 };

/** `service` in `ns` is the name its certificate shows. */
export async function startExtensionServer(group: string, ns: string, service: string): Promise<ExtensionServer> {
  const ca = await createCA({ commonName: 'extension', ...validity });
  const dnsNames = [`${service}.${ns}.svc`];
  const leaf = await issueCertificate(ca, { commonName: service, usages: ['server'], dnsNames, ...validity });
  const trusted = await get('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
  const callers: string[] = [];
  const flunders = new Flunders(group);
  const server = createServer(
    {
      ...{ cert: leaf.certificatePem, key: leaf.keyPem },
      ...{ ca: trusted.data['requestheader-client-ca-file'] ?? '', requestCert: true, rejectUnauthorized: false },
    },
    (request, response) => {
      const isFrontDoor = (request.socket as TLSSocket).authorized;
      const user = String(request.headers['x-remote-user'] ?? '');
      if (!isFrontDoor || user === '') return answer(response, refusal(401, 'Unauthorized', 'Unauthorized'));
      callers.push(user);
      flunders
        .serve(request)
        .then((served) => answer(response, served))
        .catch((error: unknown) => answer(response, refusal(500, 'InternalError', String(error))));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    ...{ group, host, port: (server.address() as AddressInfo).port, callers },
    caBundle: Buffer.from(ca.certificatePem).toString('base64'),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Served {
  readonly code: number;
  readonly body: object;
}

const answer = (response: ServerResponse, { code, body }: Served): void =>
  void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const refusal = (code: number, reason: string, message: string): Served => ({
  ...{ code, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, message, code } },
});

class Flunders {
  readonly #group: string;
  readonly #objects = new Map<string, Thing>();
  #version = 1;

  constructor(group: string) {
    this.#group = group;
  }

  async serve(request: IncomingMessage): Promise<Served> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const root = `/apis/${this.#group}/v1alpha1`;
    if (path === root) return { code: 200, body: this.#discovery() };
    const match = new RegExp(`^${root}/namespaces/([^/]+)/flunders(?:/([^/]+))?$`).exec(path);
    if (match === null) return refusal(404, 'NotFound', 'the server could not find the requested resource');
    const [, namespace = '', name = ''] = match;
    const key = `${namespace}/${name}`;
    switch (request.method) {
      case 'POST':
        return this.#create(namespace, JSON.parse(await text(request)) as Thing);
      case 'DELETE':
        if (name !== '') return this.#objects.delete(key) ? { code: 200, body: success } : this.#missing(name);
        for (const each of this.#objects.keys()) if (each.startsWith(`${namespace}/`)) this.#objects.delete(each);
        return { code: 200, body: success };
      default:
        if (name !== '') return { code: 200, body: this.#objects.get(key) ?? this.#missing(name).body };
        return { code: 200, body: this.#list(namespace) };
    }
  }

  #create(namespace: string, sent: Thing): Served {
    this.#version += 1;
    const metadata = { ...sent.metadata, namespace, resourceVersion: String(this.#version) };
    const made = { ...sent, apiVersion: `${this.#group}/v1alpha1`, kind: 'Flunder', metadata };
    this.#objects.set(`${namespace}/${metadata.name}`, made);
    return { code: 201, body: made };
  }

  #list(namespace: string): object {
    const items = [...this.#objects.values()].filter((each) => each.metadata.namespace === namespace);
    const metadata = { resourceVersion: String(this.#version) };
    return { kind: 'FlunderList', apiVersion: `${this.#group}/v1alpha1`, metadata, items };
  }

  #missing = (name: string): Served => refusal(404, 'NotFound', `flunders.${this.#group} "${name}" not found`);

  #discovery(): object {
    const verbs = ['create', 'delete', 'deletecollection', 'get', 'list'];
    const flunder = { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs };
    return {
      ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${this.#group}/v1alpha1` },
      resources: [flunder],
    };
  }
}

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
