/** skiff.v1.Nodes: how a machine becomes a node, renews its identity, and keeps its link. */
import { ApiError, badRequest, type Clock, type Logger } from '@skiff/api';
import type * as wire from '@skiff/api/wire';
import type { ResourceAttributes } from '../chain/attributes.ts';
import { type TokenAuthenticator, unauthorized } from '../chain/authenticate.ts';
import type { Chain } from '../chain/chain.ts';
import { isNodeName, nodeOf, nodesGroup, nodeUserName } from '../chain/node-identity.ts';
import type { DownFrame } from '../link/frames.ts';
import { createLink, type Links } from '../link/link.ts';
import { atMost } from '../pki/at-most.ts';
import { type KeyPair, readRequest, signRequest } from '../pki/authority.ts';
import type { UserInfo } from '../registry/contract.ts';
import { bidi, type CallInfo, type Handler, type Send, unary } from './adapt.ts';
import { fromLinkUp, toLinkDown } from './link-wire.ts';

export interface NodesParts {
  readonly chain: Chain;
  readonly links: Links;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Knows the tokens that Join takes. */
  readonly joinTokens: TokenAuthenticator;
  readonly ca: KeyPair;
}

/** A node's certificate holds for 90 days: agents renew at two thirds of it. */
export const nodeCertificateMs = 90 * 24 * 3_600_000;

/** A signature takes some two milliseconds, most of it reading and writing ASN.1: nodes that join in a crowd take turns with everybody else. */
const maxSigning = 4;

/** How long an agent may take to say who it is. */
const helloWithinMs = 10_000;

const attributes = (verb: string, resource: string, subresource: string, name = ''): ResourceAttributes => ({
  type: 'resource',
  verb,
  group: resource === 'nodes' ? '' : 'certificates.k8s.io',
  version: 'v1',
  resource,
  subresource,
  namespace: '',
  name,
});

/** Handlers of the service. */
export function nodesService(parts: NodesParts): Readonly<Record<string, Handler>> {
  const { chain, clock, ca } = parts;

  const passed = (
    call: CallInfo,
    asked: ResourceAttributes,
    longRunning: boolean,
    work: (user: UserInfo) => Promise<void>,
  ) =>
    chain({ ...call, impersonation: undefined, attributes: asked, longRunning, warn: () => {} }, (context) =>
      work(context.user),
    );

  const signing = atMost(maxSigning);
  const signFor = (nodeName: string, csrPem: string, signal: AbortSignal): Promise<wire.JoinResponse> =>
    signing(async () => {
      signal.throwIfAborted();
      await checkRequest(csrPem, nodeName);
      const certificatePem = await signRequest(ca, csrPem, {
        commonName: nodeUserName(nodeName),
        organizations: [nodesGroup],
        usages: ['client'],
        nowMs: clock.now(),
        lifetimeMs: nodeCertificateMs,
      });
      parts.logger.info({ node: nodeName }, 'signed a node certificate');
      return { certificatePem, caPem: ca.certificatePem };
    });

  return {
    Join: unary(async (request: wire.JoinRequest, call): Promise<wire.JoinResponse> => {
      const proof = await parts.joinTokens.authenticate(request.token, call.signal);
      if (proof === undefined) throw unauthorized();
      if (!isNodeName(request.nodeName))
        throw badRequest(`${JSON.stringify(request.nodeName)} cannot be a node's name`);
      return signFor(request.nodeName, request.csrPem, call.signal);
    }),
    Renew: unary(async (request: wire.RenewRequest, call): Promise<wire.JoinResponse> => {
      let response: wire.JoinResponse | undefined;
      const asked = attributes('create', 'certificatesigningrequests', 'selfnodeclient');
      await passed(call, asked, false, async (user) => {
        response = await signFor(requireNode(user), request.csrPem, call.signal);
      });
      if (response === undefined) throw new Error('the chain ended without an answer');
      return response;
    }),
    Link: bidi<wire.LinkUp, wire.LinkDown>((requests, call, send) => {
      const frames = requests[Symbol.asyncIterator]();
      return serveLink(parts, frames, call, send, (name, work) =>
        passed(call, attributes('connect', 'nodes', 'link', name), true, work),
      );
    }),
  };
}

function requireNode(user: UserInfo): string {
  const name = nodeOf(user);
  if (name === undefined) throw new ApiError('Forbidden', `${JSON.stringify(user.name)} is not a node`);
  return name;
}

/** Throws ApiError BadRequest unless the request is sound and for exactly this node. */
async function checkRequest(csrPem: string, nodeName: string): Promise<void> {
  const request = await readRequest(csrPem).catch((error: unknown) => {
    throw badRequest(
      `the certificate request cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const [organization, ...more] = request.organizations;
  if (request.commonName !== nodeUserName(nodeName) || organization !== nodesGroup || more.length > 0)
    throw badRequest(
      `the certificate request must be for CN=${nodeUserName(nodeName)}, O=${nodesGroup}; it is for CN=${request.commonName}, O=${request.organizations.join('+')}`,
    );
  if (request.hasAlternativeNames) throw badRequest('a node client certificate has no alternative names');
}

/** Serves one link until either side ends it. */
async function serveLink(
  parts: NodesParts,
  frames: AsyncIterator<wire.LinkUp>,
  call: CallInfo,
  send: Send<wire.LinkDown>,
  pass: (nodeName: string, work: (user: UserInfo) => Promise<void>) => Promise<void>,
): Promise<void> {
  const hello = await helloOf(parts.clock, frames);
  await pass(hello.nodeName, async (user) => {
    if (requireNode(user) !== hello.nodeName)
      throw new ApiError(
        'Forbidden',
        `node ${JSON.stringify(requireNode(user))} cannot link as ${JSON.stringify(hello.nodeName)}`,
      );
    let sent: Promise<void> = Promise.resolve();
    const put = (frame: DownFrame): Promise<void> => {
      // A fault of sending is the end of the call, which closes the link.
      sent = sent.then(() => send(toLinkDown(frame))).catch(() => {});
      return sent;
    };
    const link = createLink({ ...hello, clock: parts.clock, send: put });
    parts.links.add(link);
    parts.logger.info({ node: hello.nodeName, version: hello.agentVersion }, 'a node linked');
    const closed = new Promise<void>((resolve) => {
      link.closed.addEventListener('abort', () => resolve(), { once: true });
    });
    const onAbort = (): void => link.close('the connection was closed');
    call.signal.addEventListener('abort', onAbort, { once: true });
    if (call.signal.aborted) onAbort();
    try {
      await Promise.race([receiveAll(frames, link.receive), closed]);
    } finally {
      link.close('the agent left');
      call.signal.removeEventListener('abort', onAbort);
      parts.logger.info({ node: hello.nodeName }, 'a node link ended');
    }
  });
}

async function receiveAll(
  frames: AsyncIterator<wire.LinkUp>,
  receive: (frame: ReturnType<typeof fromLinkUp>) => void,
): Promise<void> {
  for (let next = await frames.next(); next.done !== true; next = await frames.next()) receive(fromLinkUp(next.value));
}

async function helloOf(clock: Clock, frames: AsyncIterator<wire.LinkUp>): Promise<wire.LinkHello> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(helloWithinMs, () =>
    late.reject(new ApiError('Timeout', 'the agent did not say who it is')),
  );
  try {
    const next = await Promise.race([frames.next(), late.promise]);
    const hello = next.done === true ? undefined : next.value.hello;
    if (hello === undefined) throw badRequest('the first message of a link must be hello');
    return hello;
  } finally {
    timer.cancel();
  }
}
