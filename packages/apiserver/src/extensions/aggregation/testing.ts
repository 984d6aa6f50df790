/** A server behind the one under test, on loopback with a certificate of its own authority. For tests only. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { realClock } from '@skiff/api';
import { expect, vi } from 'vitest';
import type { TestServer } from '../../http/testing/server.ts';
import { createCA, issueCertificate } from '../../pki/authority.ts';

export interface FarServer {
  readonly server: Server;
  readonly seen: readonly IncomingMessage[];
  /** Says that `version` of `group` is answered for here, and waits until that is seen. */
  register(at: TestServer, group: string): Promise<void>;
  close(): Promise<void>;
}

export type Handle = (request: IncomingMessage, path: string, answer: Answer, response: ServerResponse) => void;
type Answer = (code: number, body: object) => void;

const day = 86_400_000;

export async function startFar(handle: Handle): Promise<FarServer> {
  const nowMs = realClock.now();
  const ca = await createCA({ commonName: 'far-ca', nowMs, lifetimeMs: day });
  const certificate = await issueCertificate(ca, {
    ...{ commonName: 'far', organizations: [], usages: ['server'], nowMs, lifetimeMs: day },
    dnsNames: ['far.default.svc'],
  });
  const seen: IncomingMessage[] = [];
  const server = createServer(
    { cert: certificate.certificatePem, key: certificate.keyPem, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      seen.push(request);
      const answer: Answer = (code, body) =>
        void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      handle(request, (request.url ?? '').split('?')[0] ?? '', answer, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    seen,
    async register(at, group) {
      await at.create('/api/v1/namespaces/default/services', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'far' },
        spec: { type: 'ExternalName', externalName: 'localhost' },
      });
      const { port } = server.address() as AddressInfo;
      await at.create('/apis/apiregistration.k8s.io/v1/apiservices', {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `v1.${group}` },
        spec: {
          ...{ group, version: 'v1', service: { namespace: 'default', name: 'far', port } },
          caBundle: Buffer.from(ca.certificatePem).toString('base64'),
          ...{ groupPriorityMinimum: 1000, versionPriority: 15 },
        },
      });
      await reaches(at, `v1.${group}`, 'True', 'Passed');
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Waits until an APIService is available, or not, for this reason. */
export const reaches = (at: TestServer, name: string, status: string, reason: string): Promise<void> =>
  vi.waitFor(
    async () =>
      expect(JSON.parse((await at.request(`/apis/apiregistration.k8s.io/v1/apiservices/${name}`)).text)).toMatchObject({
        status: { conditions: [expect.objectContaining({ status, reason })] },
      }),
    30_000,
  );
