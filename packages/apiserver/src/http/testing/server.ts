/** A whole server on free ports of loopback over a memory store, and clients of each kind for it. For tests only. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientOptions, credentials, type ServiceClientConstructor } from '@grpc/grpc-js';
import { type JsonObject, type Logger, realClock } from '@skiff/api';
import type { StoreConfig } from '../../config.ts';
import { createCA, issueCertificate, type KeyPair, type Usage } from '../../pki/authority.ts';
import { writeAtomically, writeKeyPair } from '../../pki/files.ts';
import { type RunningServer, startServer } from '../../server.ts';
import { createTokenKey } from '../../tokens/keys.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Whose certificate to show; undefined for none. */
  readonly as?: KeyPair | undefined;
}

/** What clients must know of a server. */
interface Place {
  readonly ca: KeyPair;
  readonly admin: KeyPair;
  readonly restPort: number;
  readonly grpcAddress: string;
}

type Issue = (commonName: string, organizations?: readonly string[], usages?: readonly Usage[]) => Promise<KeyPair>;

export interface TestClients extends Place {
  readonly issue: Issue;
  /** Over HTTP/1.1, one connection each. As admin unless `as` says otherwise. */
  request(path: string, options?: RequestOptions): Promise<Reply>;
  /** The same over HTTP/2. */
  request2(path: string, options?: RequestOptions): Promise<Reply>;
  create(path: string, object: JsonObject): Promise<Reply>;
  grpc<Client>(make: ServiceClientConstructor, as: KeyPair | undefined, options?: ClientOptions): Client;
}

export interface TestServer extends TestClients {
  readonly server: RunningServer;
  readonly log: readonly string[];
  close(): Promise<void>;
}

const day = 86_400_000;

function memoryLogger(lines: string[]): Logger {
  const put = (level: string) => (fields: object, message: string) => {
    const { err } = fields as { err?: unknown };
    lines.push(`${level} ${message} ${err instanceof Error ? err.stack : JSON.stringify(fields)}`);
  };
  const logger: Logger = {
    debug: put('debug'),
    info: put('info'),
    warn: put('warn'),
    error: put('error'),
    child: () => logger,
  };
  return logger;
}

export async function startTestServer(store: StoreConfig = { type: 'memory' }): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'skiff-apiserver-'));
  const nowMs = realClock.now();
  const ca = await createCA({ commonName: 'skiff-ca', nowMs, lifetimeMs: day });
  const issue = (commonName: string, organizations: readonly string[] = [], usages: readonly Usage[] = ['client']) =>
    issueCertificate(ca, {
      ...{ commonName, organizations, usages, nowMs, lifetimeMs: day },
      ...(usages.includes('server') ? { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] } : {}),
    });
  const files = (name: string) => ({
    certificateFile: join(directory, `${name}.crt`),
    keyFile: join(directory, `${name}.key`),
  });
  await writeKeyPair(files('ca'), ca);
  await writeAtomically(join(directory, 'sa.key'), await createTokenKey(), 0o600);
  await writeKeyPair(files('serving'), await issue('kube-apiserver', [], ['server']));
  const admin = await issue('admin', ['system:masters']);
  const stop = new AbortController();
  const log: string[] = [];
  const server = await startServer(
    {
      store,
      restListen: ['127.0.0.1:0'],
      grpcListen: ['127.0.0.1:0'],
      advertiseAddress: '127.0.0.1',
      ca: files('ca'),
      serving: files('serving'),
      serviceAccountKeyFile: join(directory, 'sa.key'),
      serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
      serviceCidr: '10.96.0.0/16',
      logger: memoryLogger(log),
      clock: realClock,
      random: Math.random,
    },
    stop.signal,
  );
  const restPort = Number(server.bound.rest[0]?.split(':')[1]);
  const grpcAddress = server.bound.grpc[0] ?? '';
  return {
    ...clientsOf({ ca, admin, restPort, grpcAddress }, issue),
    ...{ server, log },
    async close() {
      await server.close();
      stop.abort();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function clientsOf(place: Place, issue: Issue): TestClients {
  const { ca, admin, restPort, grpcAddress } = place;
  const request = (path: string, options: RequestOptions = {}): Promise<Reply> =>
    request1(restPort, ca, path, { as: admin, ...options });
  return {
    ...place,
    ...{ issue, request },
    request2: (path, options = {}) => request2(restPort, ca, path, { as: admin, ...options }),
    create: (path, object) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(object),
      }),
    grpc: <Client>(make: ServiceClientConstructor, as: KeyPair | undefined, options?: ClientOptions) =>
      new make(
        grpcAddress,
        credentials.createSsl(
          Buffer.from(ca.certificatePem),
          as === undefined ? null : Buffer.from(as.keyPem),
          as === undefined ? null : Buffer.from(as.certificatePem),
        ),
        {
          'grpc.use_local_subchannel_pool': 1,
          // Node refuses an IP address as a TLS server name.
          'grpc.ssl_target_name_override': 'localhost',
          ...options,
        },
      ) as unknown as Client,
  };
}

const tlsOf = (ca: KeyPair, as: KeyPair | undefined) => ({
  ca: ca.certificatePem,
  servername: 'localhost',
  ...(as === undefined ? {} : { cert: as.certificatePem, key: as.keyPem }),
});

function request1(port: number, ca: KeyPair, path: string, options: RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const agent = new Agent({ keepAlive: false });
    // Node frames no body of a DELETE by itself.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = { ...length, ...headers };
    const to = { host: '127.0.0.1', port, path, method, headers: sent, agent, ...tlsOf(ca, options.as) };
    const call = httpsRequest(to, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

function request2(port: number, ca: KeyPair, path: string, options: RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const session = http2Connect(`https://127.0.0.1:${port}`, tlsOf(ca, options.as));
    session.on('error', reject);
    const stream = session.request({ ':path': path, ':method': options.method ?? 'GET', ...options.headers });
    const parts: Buffer[] = [];
    let answered: IncomingHttpHeaders & { ':status'?: number } = {};
    stream.on('response', (headers) => {
      answered = headers;
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve({ status: answered[':status'] ?? 0, headers: answered, text: Buffer.concat(parts).toString() });
    });
    stream.end(options.body);
  });
}
