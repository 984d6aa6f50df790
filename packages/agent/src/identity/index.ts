/** Who the agent is towards the API server: a certificate that it was given, or joins for and renews. */
import { readFile } from 'node:fs/promises';
import { isReason } from '@skiff/api';
import type { NodeCalls, SkiffClient } from '@skiff/client';
import { connect } from '@skiff/client/connect';
import { retry } from '../async/retry.ts';
import type { AgentConfig } from '../config.ts';
import { certificateFault, type NodeCertificate, renewAt, validityOf } from './certificate.ts';
import { readCertificate, writeCertificate } from './files.ts';
import { createNodeRequest } from './request.ts';

/** Who writes as the node, as in Kubernetes. */
const userAgent = 'kubelet/skiff';

/** A renewal has days of time: asking more often would help nobody. */
const renewRetryMs = 300_000;

/** Clients that all are this node. */
export interface NodeConnection {
  /** Of whichever API server answers. */
  readonly client: SkiffClient;
  /** Of each API server alone. */
  readonly servers: readonly { readonly endpoint: string; readonly client: SkiffClient }[];
  useCertificate(certificate: NodeCertificate): void;
  close(): void;
}

/** For a node without a certificate it joins, however long the API server stays away. */
export async function connectAsNode(config: AgentConfig, signal: AbortSignal): Promise<NodeConnection> {
  const ca = await readFile(config.caPath, 'utf8');
  const { certPem, keyPem } = await certificateOf(config, ca, signal);
  const open = (endpoints: readonly string[]): SkiffClient =>
    connect({ ...config, userAgent, endpoints, tls: { ca, cert: certPem, key: keyPem } });
  const client = open(config.endpoints);
  const servers = config.endpoints.map((endpoint) => ({ endpoint, client: open([endpoint]) }));
  const all = [client, ...servers.map((server) => server.client)];
  return {
    client,
    servers,
    useCertificate(certificate) {
      for (const one of all) one.useCertificate({ cert: certificate.certPem, key: certificate.keyPem });
    },
    close() {
      for (const one of all) one.close();
    },
  };
}

async function certificateOf(config: AgentConfig, ca: string, signal: AbortSignal): Promise<NodeCertificate> {
  const { identity, rootDir, nodeName, clock, logger } = config;
  if (identity.type === 'files') {
    const [certPem, keyPem] = await Promise.all(
      [identity.certPath, identity.keyPath].map((path) => readFile(path, 'utf8')),
    );
    return { certPem: certPem ?? '', keyPem: keyPem ?? '' };
  }
  const kept = await readCertificate(rootDir);
  const fault = kept === undefined ? undefined : certificateFault(kept, nodeName, ca, clock.now());
  if (kept !== undefined && fault === undefined) return kept;
  if (fault !== undefined) logger.warn({ fault }, 'the kept certificate cannot be used; joining again');
  const token = (await readFile(identity.tokenFile, 'utf8')).trim();
  const joining = connectToJoin(config, ca);
  const certificate = await join(config, joining.nodes, token, signal).finally(() => joining.close());
  await writeCertificate(rootDir, certificate);
  logger.info({ node: nodeName }, 'joined the cluster');
  return certificate;
}

export type JoinConfig = Pick<AgentConfig, 'nodeName' | 'clock' | 'logger'>;

/** For those who have no certificate yet: any number of nodes may join over one such client. */
export const connectToJoin = (
  config: Pick<AgentConfig, 'endpoints' | 'clock' | 'random' | 'logger'>,
  ca: string,
): SkiffClient => connect({ ...config, userAgent, tls: { ca } });

/** Exchanges the token for a certificate of this node, however long the API server stays away. Rejects when it refuses. */
export async function join(
  config: JoinConfig,
  nodes: Pick<NodeCalls, 'join'>,
  token: string,
  signal: AbortSignal,
): Promise<NodeCertificate> {
  const { nodeName } = config;
  const { csrPem, keyPem } = await createNodeRequest(nodeName);
  const ask = () => nodes.join({ token, nodeName, csrPem });
  // A token may still be on its way to the server; a request that is no good stays so.
  const { certificatePem } = await retry('join', ask, config, signal, (error) => isReason(error, 'BadRequest'));
  return { certPem: certificatePem, keyPem };
}

interface Renewing extends Pick<NodeConnection, 'useCertificate'> {
  readonly client: { readonly nodes: Pick<NodeCalls, 'renew'> };
}

/** Renews the kept certificate in time and gives the clients the new one, until the signal aborts. */
export async function keepRenewed(
  config: Pick<AgentConfig, 'identity' | 'rootDir' | 'nodeName' | 'clock' | 'random' | 'logger'>,
  { client, useCertificate }: Renewing,
  signal: AbortSignal,
): Promise<void> {
  const { identity, rootDir, nodeName, clock, random, logger } = config;
  if (identity.type === 'files') return;
  const kept = await readCertificate(rootDir);
  if (kept === undefined) return;
  let dueAt = renewAt(validityOf(kept.certPem), random());
  while (!signal.aborted) {
    await clock.sleep(Math.max(0, dueAt - clock.now()), signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { csrPem, keyPem } = await createNodeRequest(nodeName);
      const { certificatePem } = await client.nodes.renew({ csrPem });
      const certificate = { certPem: certificatePem, keyPem };
      await writeCertificate(rootDir, certificate);
      useCertificate(certificate);
      // A server whose clock is wrong may sign what is old already.
      dueAt = Math.max(renewAt(validityOf(certificatePem), random()), clock.now() + renewRetryMs);
      logger.info({ node: nodeName }, 'the certificate was renewed');
    } catch (error) {
      logger.warn({ err: error }, 'the certificate was not renewed; trying again');
      dueAt = clock.now() + renewRetryMs * (0.5 + random());
    }
  }
}
