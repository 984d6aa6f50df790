/** One API server, put together: store, watch cache, registry, chain, doors; and its end, in the opposite order. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import type { Authoriser } from './chain/attributes.ts';
import { type Authenticate, createAuthenticate, type TokenAuthenticator } from './chain/authenticate.ts';
import { createAuthoriser } from './chain/authorise.ts';
import { createBootstrapAuthenticator } from './chain/bootstrap-token.ts';
import { type Chain, createChain } from './chain/chain.ts';
import { createFlowControl, defaultLimits, type FlowControl } from './chain/flow/flow-control.ts';
import { type KeptFlowControl, keepFlowControl } from './chain/flow/keep.ts';
import { createNodeAuthoriser } from './chain/node-authoriser.ts';
import { nodeRestriction } from './chain/node-restriction.ts';
import { createRbac, type Rbac } from './chain/rbac/authoriser.ts';
import { bootstrapNamespacedRoles, bootstrapRoles } from './chain/rbac/bootstrap-roles.ts';
import { escalationStep } from './chain/rbac/escalation.ts';
import { reviewKinds } from './chain/reviews.ts';
import { signersStep } from './chain/signers.ts';
import type { ApiServerConfig, BoundAddresses, StoreConfig } from './config.ts';
import { logAnnotations } from './extensions/admission/audit.ts';
import { type Configurations, followConfigurations } from './extensions/admission/configurations.ts';
import { policyStep } from './extensions/admission/policies.ts';
import { keepPolicyStatus } from './extensions/admission/policy-status.ts';
import { webhookStep } from './extensions/admission/webhooks.ts';
import { type Aggregator, keepApiServices } from './extensions/aggregation/aggregator.ts';
import { createFrontProxy, type FrontProxy, publishAuthorities } from './extensions/aggregation/front-proxy.ts';
import { mergedOpenApi } from './extensions/aggregation/merge-openapi.ts';
import type { RemoteParts } from './extensions/aggregation/remote.ts';
import { remoteOfPath, serveElsewhere, upgradeElsewhere, verbsElsewhere } from './extensions/aggregation/serve.ts';
import { keepDefinitions } from './extensions/crd/controller.ts';
import { createWebhookClient, type WebhookClient } from './extensions/webhook/client.ts';
import { webhookConverter } from './extensions/webhook/conversion.ts';
import { serviceResolver } from './extensions/webhook/resolve.ts';
import { createGrpcDoor, type GrpcDoor } from './grpc/door.ts';
import { nodesService } from './grpc/nodes.ts';
import { podsService } from './grpc/pods.ts';
import { resourcesService } from './grpc/resources.ts';
import { type BodyReader, createBodyReader } from './http/bodies/reader.ts';
import { createRestDoor, defaultHeadersTimeoutMs, type RestDoor } from './http/door.ts';
import { createHandler } from './http/handler.ts';
import type { HealthCheck } from './http/health.ts';
import { createMetrics } from './http/metrics.ts';
import { createOpenApi } from './http/openapi.ts';
import { builtinTest, createPaths } from './http/paths.ts';
import { serveProxy } from './http/proxy/serve.ts';
import { serveLog } from './http/streams/log.ts';
import { createUpgrade } from './http/streams/upgrade.ts';
import { createLinks, type Links } from './link/link.ts';
import { createPodStreams, type PodStreams } from './link/pod-streams.ts';
import { createUsage, type Usage } from './link/usage.ts';
import type { KeyPair } from './pki/authority.ts';
import { bootstrap } from './registry/bootstrap.ts';
import { clusterObjects } from './registry/cluster-objects.ts';
import type { AdmissionRequest } from './registry/contract.ts';
import { keepKubernetesEndpoints } from './registry/kubernetes-endpoints.ts';
import { keepMaintaining } from './registry/maintenance.ts';
import { createRegistry, type ExtensibleRegistry } from './registry/registry.ts';
import { startCompactor } from './storage/compactor.ts';
import type { Store } from './storage/contract.ts';
import { createEtcdStore } from './storage/etcd/store.ts';
import { createMemoryStore } from './storage/memory/store.ts';
import { createServiceAccountAuthenticator } from './tokens/authenticator.ts';
import { tokenDiscovery } from './tokens/discovery.ts';
import { createTokenIssuer } from './tokens/issuer.ts';
import { readTokenKeys, type TokenKeys } from './tokens/keys.ts';
import { type ObjectReader, objectReader } from './tokens/objects.ts';
import { createWatchCache } from './watch/cache.ts';
import type { WatchCache } from './watch/contract.ts';

export interface RunningServer {
  readonly bound: BoundAddresses;
  /** For tests and for those who embed a server: what the doors stand on. */
  readonly registry: ExtensibleRegistry;
  /** Ends watches and streams, waits for requests in flight, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/** How long requests in flight may take to end when the server does. */
const closeWithinMs = 10_000;

/** Everything between the store and the doors. */
interface Core {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly registry: ExtensibleRegistry;
  readonly rbac: Rbac;
  readonly authenticate: Authenticate;
  readonly chain: Chain;
  readonly flowControl: FlowControl;
  readonly keptFlowControl: KeptFlowControl;
  readonly joinTokens: TokenAuthenticator;
  readonly links: Links;
  readonly streams: PodStreams;
  readonly webhooks: WebhookClient;
  readonly configurations: Configurations;
  readonly remote: RemoteParts;
  readonly aggregator: Aggregator;
  readonly usage: Usage;
  readonly bodies: BodyReader;
}

const openStore = (config: ApiServerConfig, store: StoreConfig): Promise<Store> | Store =>
  store.type === 'etcd' ? createEtcdStore({ ...store, ...config }) : createMemoryStore();

interface Trust {
  readonly ca: X509Certificate;
  readonly keys: TokenKeys;
  readonly frontProxy: FrontProxy;
}

function createCore(config: ApiServerConfig, store: Store, { ca, keys, frontProxy }: Trust, signal: AbortSignal): Core {
  const { clock, logger, random, serviceAccountIssuer: issuer } = config;
  const cache = createWatchCache({ store, clock, random, logger });
  const tokens: TokenAuthenticator[] = [];
  const tokenOptions = { keys, issuer, audiences: [issuer], clock };
  // The reviews ask the authoriser, which reads roles from the registry that serves the reviews; so with tokens.
  const late: {
    authoriser?: Authoriser;
    rbac?: Rbac;
    objects?: ObjectReader;
    registry?: ExtensibleRegistry;
    webhooks?: WebhookClient;
    configurations?: Configurations;
  } = {};
  const configured: Pick<Configurations, 'mutating' | 'validating' | 'policies' | 'bindings'> = {
    mutating: () => late.configurations?.mutating() ?? [],
    validating: () => late.configurations?.validating() ?? [],
    policies: () => late.configurations?.policies() ?? [],
    bindings: () => late.configurations?.bindings() ?? [],
  };
  const audit = (request: AdmissionRequest, notes: Readonly<Record<string, string>>): void =>
    logAnnotations(logger, request, notes);
  const links = createLinks();
  const usage = createUsage({ links, clock, logger });
  const registry = createRegistry({
    ...{ store, cache, clock, random, logger, usage },
    serviceCIDR: config.serviceCidr,
    admission: [
      nodeRestriction(() => made(late.objects)),
      signersStep(() => made(late.authoriser)),
      escalationStep({
        registry: () => made(late.registry),
        authoriser: () => made(late.authoriser),
        view: () => made(late.rbac).view,
      }),
      policyStep({
        registry: () => made(late.registry),
        authoriser: () => made(late.authoriser),
        ...{ audit, ...configured },
      }),
      webhookStep({
        registry: () => made(late.registry),
        call: (asked) => made(late.webhooks).call(asked),
        authoriser: () => made(late.authoriser),
        ...{ random, audit, ...configured },
      }),
    ],
    tokens: createTokenIssuer({ ...tokenOptions, objects: () => made(late.objects) }),
    virtual: reviewKinds({
      authoriser: () => made(late.authoriser),
      rbac: () => made(late.rbac).view,
      tokens: () => tokens,
      audiences: tokenOptions.audiences,
      clock,
    }),
  });
  const resolve = serviceResolver(registry, random);
  const webhooks = createWebhookClient(clock, resolve);
  const remote: RemoteParts = { resolve, proxy: () => frontProxy };
  const aggregator = keepApiServices({ ...remote, registry, clock, logger }, signal);
  const configurations = followConfigurations({ registry, clock, logger, signal });
  Object.assign(late, { registry, webhooks, configurations });
  const joinTokens = createBootstrapAuthenticator(registry, clock, tokenOptions.audiences);
  late.objects = objectReader(registry);
  tokens.push(joinTokens, createServiceAccountAuthenticator({ ...tokenOptions, objects: late.objects }));
  const rbac = createRbac({ registry, clock, logger, signal });
  const authoriser = createAuthoriser([createNodeAuthoriser(registry), rbac]);
  late.authoriser = authoriser;
  late.rbac = rbac;
  const flowControl = createFlowControl(defaultLimits, clock);
  const keptFlowControl = keepFlowControl({ registry, clock, logger, flowControl }, signal);
  const authenticate = createAuthenticate({ clock, ca, tokens });
  const chain = createChain({ clock, authenticate, authoriser, flowControl });
  const streams = createPodStreams({ registry, links, clock });
  return {
    store,
    cache,
    registry,
    rbac,
    authenticate,
    chain,
    flowControl,
    keptFlowControl,
    joinTokens,
    links,
    streams,
    usage,
    bodies: createBodyReader(),
    webhooks,
    configurations,
    remote,
    aggregator,
  };
}

function made<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('used before the server was put together');
  return value;
}

interface Tls {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa: string;
}

async function createRest(
  config: ApiServerConfig,
  core: Core,
  { tls, keys }: { readonly tls: Tls; readonly keys: TokenKeys },
  ready: readonly HealthCheck[],
): Promise<RestDoor> {
  const { clock, logger, random } = config;
  const { registry, chain, streams, links, aggregator, remote } = core;
  const proxy = { registry, links, streams, clock, random };
  const metrics = createMetrics({ flowControl: core.flowControl, linkedNodes: () => core.links.count });
  const resources = { registry, clock, random, bodies: core.bodies, isBuiltin: builtinTest(builtinDefinitions()) };
  const paths = createPaths({
    ...{ catalogue: aggregator, logger, metrics, ready },
    openApi: createOpenApi(registry, {
      versions: () => aggregator.remoteVersions(),
      merge: (document) => mergedOpenApi(document, aggregator.documents()),
      onChanged: (run) => aggregator.onDefinitionsChanged(run),
    }),
    advertiseAddress: config.advertiseAddress,
    tokens: await tokenDiscovery(keys, config.serviceAccountIssuer, config.serviceAccountIssuer),
    live: ready.slice(0, -2),
  });
  const handler = createHandler({
    ...{ chain, registry, clock, logger, metrics, resources, paths },
    elsewhere: serveElsewhere(aggregator, remote),
    async streams(exchange, context, info) {
      if (info.proxyPath !== undefined) {
        await serveProxy(proxy, exchange, context, info);
        return true;
      }
      const { group, resource, subresource, namespace, name } = info.target;
      if (group !== '' || resource !== 'pods' || subresource !== 'log' || info.verb !== 'get') return false;
      await serveLog({ streams, clock }, exchange, context, { namespace, name });
      return true;
    },
  });
  const upgrade = createUpgrade({ chain, streams, proxy, logger, elsewhere: upgradeElsewhere(aggregator, remote) });
  const isElsewhere = (path: string): boolean => remoteOfPath(aggregator, path) !== undefined;
  return createRestDoor({
    tls,
    handler,
    upgrade,
    isElsewhere,
    clock,
    logger,
    headersTimeoutMs: defaultHeadersTimeoutMs,
  });
}

function createGrpc(config: ApiServerConfig, core: Core, tls: Tls, ca: KeyPair): GrpcDoor {
  const { clock, logger, random } = config;
  const { registry, chain, links, streams, joinTokens, aggregator } = core;
  return createGrpcDoor({
    ...{ tls, clock, logger, authenticate: core.authenticate },
    resources: resourcesService({
      ...{ registry, chain, clock, random, bodies: core.bodies },
      definitions: () => aggregator.definitions(),
      elsewhere: verbsElsewhere(aggregator, core.remote),
    }),
    pods: podsService({ chain, streams }),
    nodes: nodesService({ chain, links, clock, logger, joinTokens, ca }),
  });
}

/** Host and port of a listen address; IPv6 hosts stand in brackets. Throws Error for anything else. */
export function parseListen(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new Error(`${JSON.stringify(address)} is no host:port to listen on`);
  return { host: match[1] ?? match[2] ?? '', port };
}

const joinHost = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

async function listenAll(config: ApiServerConfig, rest: RestDoor, grpc: GrpcDoor): Promise<BoundAddresses> {
  const bound = { rest: [] as string[], grpc: [] as string[] };
  for (const address of config.grpcListen) {
    const { host, port } = parseListen(address);
    bound.grpc.push(joinHost(host, await grpc.listen(joinHost(host, port))));
  }
  for (const address of config.restListen) {
    const { host, port } = parseListen(address);
    bound.rest.push(joinHost(host, await rest.listen(host, port)));
  }
  return bound;
}

/**
 * Starts a server and resolves when both doors accept requests and everything a new cluster needs is there. Doors are open before, while
 * large collections are read: gets and short lists are answered, what needs all of them waits. Rejects when the signal aborts first.
 */
export async function startServer(config: ApiServerConfig, signal: AbortSignal): Promise<RunningServer> {
  const { clock, logger, random } = config;
  const [caCertificate, caKey, certificate, key] = await Promise.all(
    [config.ca.certificateFile, config.ca.keyFile, config.serving.certificateFile, config.serving.keyFile].map((path) =>
      readFile(path, 'utf8'),
    ),
  );
  const ca: KeyPair = { certificatePem: caCertificate ?? '', keyPem: caKey ?? '' };
  const tls: Tls = { certificate: certificate ?? '', key: key ?? '', clientCa: ca.certificatePem };
  const ending = new AbortController();
  const running = AbortSignal.any([signal, ending.signal]);
  const store = await openStore(config, config.store);
  const keys = await readTokenKeys(config.serviceAccountKeyFile);
  const frontProxy = await createFrontProxy(clock);
  const core = createCore(config, store, { ca: new X509Certificate(ca.certificatePem), keys, frontProxy }, running);
  const stopCompactor = startCompactor({ store, clock, logger });
  let phase: Phase = 'starting';
  const ready = healthChecks(store, clock, () => phase);
  const rest = await createRest(config, core, { tls, keys }, ready);
  const grpc = createGrpc(config, core, tls, ca);
  let chores: Promise<unknown> = Promise.resolve();
  const close = once(async () => {
    phase = 'ending';
    core.links.closeAll('the server is shutting down');
    await Promise.all([rest.close(closeWithinMs), grpc.close(closeWithinMs)]);
    ending.abort();
    await chores;
    core.webhooks.close();
    await core.bodies.close();
    stopCompactor();
    await core.cache.close();
    await store.close();
  });
  try {
    await core.cache.begun(running);
    const { registry } = core;
    const definitions = keepDefinitions(
      {
        registry,
        clock,
        logger,
        revision: () => core.cache.revision,
        converter: webhookConverter(core.webhooks.call, random, running),
      },
      running,
    );
    chores = definitions.done;
    await bootstrap({ registry, objects: bootstrapRoles, clock, logger, signal: running });
    await Promise.all([
      core.rbac.synced(),
      definitions.synced(),
      core.configurations.synced(),
      core.aggregator.synced(),
      core.keptFlowControl.synced(),
    ]);
    await core.keptFlowControl.ensureAll();
    const bound = await listenAll(config, rest, grpc);
    logger.info({ ...bound }, 'the API server serves reads');
    await core.cache.synced(running);
    const restPort = parseListen(bound.rest[0] ?? '').port;
    const objects = clusterObjects({ serviceCIDR: config.serviceCidr, restPort });
    await bootstrap({
      ...{ registry, clock, logger, signal: running },
      objects: [...objects, ...bootstrapNamespacedRoles],
    });
    await publishAuthorities({ registry, clock, clientCa: ca.certificatePem, proxy: frontProxy }, running);
    const { advertiseAddress } = config;
    chores = Promise.all([
      definitions.done,
      core.configurations.done,
      core.aggregator.done,
      keepKubernetesEndpoints({ store, registry, clock, logger, advertiseAddress, restPort }, running),
      keepMaintaining({ store, clock, logger }, running),
      core.usage.run(running),
      core.keptFlowControl.run(),
      core.keptFlowControl.done,
      keepPolicyStatus({ registry, clock, logger }, running),
    ]);
    phase = 'ready';
    logger.info({ ...bound }, 'the API server is ready');
    return { bound, registry: core.registry, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}

const storeWithinMs = 2000;

type Phase = 'starting' | 'ready' | 'ending';

/** Kubernetes' names. All but the last two are `/livez` as well. */
function healthChecks(store: Store, clock: Clock, phase: () => Phase): readonly HealthCheck[] {
  const etcd = async (): Promise<void> => {
    const late = new AbortController();
    const timer = clock.after(storeWithinMs, () => late.abort(new Error('the store does not answer')));
    try {
      await store.revision(late.signal);
    } finally {
      timer.cancel();
    }
  };
  const synced = async (): Promise<void> => {
    if (phase() === 'starting') throw new Error('the server is starting');
  };
  const going = async (): Promise<void> => {
    if (phase() === 'ending') throw new Error('the server is ending');
  };
  return [
    { name: 'ping', check: async () => {} },
    { name: 'etcd', check: etcd },
    { name: 'informer-sync', check: synced },
    { name: 'shutdown', check: going },
  ];
}
