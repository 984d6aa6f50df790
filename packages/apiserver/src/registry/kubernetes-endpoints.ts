/**
 * The endpoints of `default/kubernetes`: the addresses of the API servers that are alive. Each server keeps a record of
 * itself below `/registry/masterleases/`; a record that was not renewed for a while belongs to a server that is gone.
 */
import { type Clock, formatMicroTime, isReason, type JsonObject, type Logger, parseTime } from '@skiff/api';
import { own, put, same, textAt } from '../patch/values.ts';
import { isStoreError, type Store } from '../storage/contract.ts';
import type { Registry, RequestContext, Target } from './contract.ts';
import { parseText, readStoredText } from './documents.ts';
import { registryPrefix } from './keys.ts';
import { systemContext } from './system-context.ts';

export interface EndpointsOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Under which nodes and pods reach this server. */
  readonly advertiseAddress: string;
  readonly restPort: number;
}

const prefix = `${registryPrefix}masterleases/`;
const renewMs = 10_000;
/** Three renewals may fail before a server counts as gone. */
const goneAfterMs = 35_000;
const withdrawWithinMs = 3_000;
const writeOptions = { dryRun: false, fieldManager: 'skiff-apiserver', fieldValidation: 'Strict' } as const;

/** Keeps the endpoints right until the signal aborts, then takes this server out of them. */
export async function keepKubernetesEndpoints(options: EndpointsOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await renew(options);
      await publish(options, signal);
      await options.clock.sleep(renewMs, signal);
    } catch (error) {
      if (signal.aborted) break;
      options.logger.warn({ err: error }, 'the endpoints of default/kubernetes could not be brought up to date');
      await options.clock.sleep(renewMs, signal).catch(() => {});
    }
  }
  // A store that does not answer must not hold up the end: others drop this server by its record's age.
  const withdrawn = new AbortController();
  await Promise.race([
    withdraw(options).finally(() => withdrawn.abort()),
    options.clock.sleep(withdrawWithinMs, withdrawn.signal).catch(() => {}),
  ]);
}

/** Writes this server's record anew. */
export async function renew({ store, clock, advertiseAddress }: EndpointsOptions): Promise<void> {
  const key = prefix + advertiseAddress;
  const text = JSON.stringify({
    kind: 'Lease',
    apiVersion: 'internal.skiff.io/v1',
    metadata: { name: advertiseAddress },
    renewTime: formatMicroTime(clock.now()),
  });
  const found = await store.get(key);
  try {
    if (found === undefined) await store.create(key, text);
    else await store.update(key, text, found.version);
  } catch (error) {
    // Another renewal of the same server was faster; one is enough.
    if (!isStoreError(error, 'exists', 'conflict', 'missing')) throw error;
  }
}

/** Makes Endpoints and EndpointSlice say which servers are alive. */
export async function publish(options: EndpointsOptions, signal: AbortSignal): Promise<void> {
  const addresses = await liveAddresses(options);
  const context = systemContext(signal);
  await settle(options.registry, context, 'endpoints', '', endpoints(addresses, options.restPort));
  await settle(
    options.registry,
    context,
    'endpointslices',
    'discovery.k8s.io',
    endpointSlice(addresses, options.restPort),
  );
}

async function liveAddresses({ store, clock, logger }: EndpointsOptions): Promise<readonly string[]> {
  const { documents } = await store.list(prefix);
  return documents
    .map((document) => readStoredText(document, logger))
    .filter((lease) => lease !== undefined)
    .filter((lease) => clock.now() - (parseTime(textAt(lease, 'renewTime')) ?? 0) < goneAfterMs)
    .map((lease) => textAt(lease, 'metadata', 'name'))
    .sort();
}

const isIPv6 = (address: string): boolean => address.includes(':');

const endpoints = (addresses: readonly string[], port: number): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
  },
  subsets:
    addresses.length === 0
      ? []
      : [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: 'https', port, protocol: 'TCP' }] }],
});

const endpointSlice = (addresses: readonly string[], port: number): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'kubernetes' },
  },
  addressType: addresses.some(isIPv6) ? 'IPv6' : 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: 'https', port, protocol: 'TCP' }],
});

/** Creates the object, or replaces what it is about when that differs. */
async function settle(
  registry: Registry,
  context: RequestContext,
  resource: string,
  group: string,
  wanted: JsonObject,
): Promise<void> {
  const target: Target = { group, version: 'v1', resource, namespace: 'default', name: 'kubernetes', subresource: '' };
  const body = { document: wanted, duplicates: [] };
  try {
    const found = parseText((await registry.get(context, target, { resourceVersion: '' })).text);
    const parts = ['subsets', 'endpoints', 'ports', 'addressType'];
    if (parts.every((part) => same(own(found, part), own(wanted, part)))) return;
    put(wanted.metadata as JsonObject, 'resourceVersion', textAt(found, 'metadata', 'resourceVersion'));
    await registry.update(context, target, body, writeOptions);
  } catch (error) {
    if (isReason(error, 'NotFound')) await registry.create(context, { ...target, name: '' }, body, writeOptions);
    // Another server wrote at the same time; the next round looks again.
    else if (!isReason(error, 'Conflict', 'AlreadyExists')) throw error;
  }
}

async function withdraw(options: EndpointsOptions): Promise<void> {
  const { store, advertiseAddress, logger } = options;
  try {
    const found = await store.get(prefix + advertiseAddress);
    if (found !== undefined) await store.delete(found.key, found.version);
    await publish(options, AbortSignal.timeout(2_000));
  } catch (error) {
    logger.warn({ err: error }, 'this server could not take itself out of the endpoints of default/kubernetes');
  }
}
