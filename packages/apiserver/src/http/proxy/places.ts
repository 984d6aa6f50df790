/**
 * Where a proxied request goes. Nodes only dial out, so nothing here dials an address: a request to a pod travels over the link of
 * the pod's node into the pod's own network namespace, whatever address its status claims. Rules and texts are those of
 * Kubernetes' ResourceLocation (registry/core/pod and registry/core/service).
 */
import { ApiError, type JsonObject, type Random } from '@skiff/api';
import type { Links } from '../../link/link.ts';
import type { NodeStream } from '../../link/node-stream.ts';
import { podFacts, requireNode } from '../../link/pod-rules.ts';
import { at, numberAt, objectsAt, textAt } from '../../patch/values.ts';
import type { Registry, RequestContext, Target } from '../../registry/contract.ts';
import { addressNotAllowed, isProxyable, type ProxyId } from './id.ts';

export interface Place {
  readonly secure: boolean;
  /** `10.1.0.5:80`: where Kubernetes would dial, for what users are told. */
  readonly address: string;
  /** Opens one connection. Throws ApiError when the node has no link here. */
  readonly connect: () => NodeStream;
}

export interface PlaceParts {
  readonly registry: Registry;
  readonly links: Links;
  readonly random: Random;
}

const core = (resource: string, namespace: string, name: string): Target => ({
  ...{ group: '', version: 'v1', resource, namespace, name, subresource: '' },
});

export async function readObject(
  registry: Registry,
  context: RequestContext,
  resource: string,
  namespace: string,
  name: string,
): Promise<JsonObject> {
  const answer = await registry.get(context, core(resource, namespace, name), { resourceVersion: '' });
  return JSON.parse(answer.text) as JsonObject;
}

const unavailable = (message: string): ApiError => new ApiError('ServiceUnavailable', message);

const dialling = /^error forwarding port \d+ to pod \S+: dial tcp4 \S+: /;

/** Kubernetes' words for a far side that cannot be reached. The node dials the pod's loopback, Kubernetes the pod's address. */
export function unreachable(error: unknown, { address }: Pick<Place, 'address'>): ApiError {
  const why = error instanceof Error ? error.message : String(error);
  return unavailable(`error trying to reach service: ${why.replace(dialling, `dial tcp ${address}: `)}`);
}

const portNumber = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
};

export async function podPlace(
  parts: PlaceParts,
  context: RequestContext,
  namespace: string,
  id: ProxyId,
): Promise<Place> {
  const pod = await readObject(parts.registry, context, 'pods', namespace, id.name);
  const port = id.port === '' ? String(firstPort(pod) ?? (id.secure ? 443 : 80)) : id.port;
  return placeIn(parts, pod, { secure: id.secure, port: portNumber(port) ?? noPort(port) });
}

function noPort(port: string): never {
  throw unavailable(`error trying to reach service: dial tcp: lookup tcp/${port.slice(0, 64)}: unknown port`);
}

const containersOf = (pod: JsonObject): readonly JsonObject[] => objectsAt(pod, 'spec', 'containers');

const firstPort = (pod: JsonObject): number | undefined =>
  containersOf(pod)
    .flatMap((container) => objectsAt(container, 'ports').slice(0, 1))
    .map((port) => numberAt(port, 'containerPort'))[0];

function placeIn(parts: PlaceParts, pod: JsonObject, to: { secure: boolean; port: number }): Place {
  const podIP = textAt(pod, 'status', 'podIP');
  if (!isProxyable(podIP)) throw addressNotAllowed();
  const facts = podFacts(pod);
  const nodeName = requireNode(facts);
  // The node's own namespace has more on its loopback than the pod: only what the pod says it serves is reached there.
  const usesHostNetwork = at(pod, 'spec', 'hostNetwork') === true;
  if (usesHostNetwork && !declares(pod, to.port)) throw addressNotAllowed();
  const open = { type: 'portForward', podUid: facts.uid, port: to.port } as const;
  const address = `${podIP.includes(':') ? `[${podIP}]` : podIP}:${to.port}`;
  return { secure: to.secure, address, connect: () => parts.links.of(nodeName).open(open) };
}

const declares = (pod: JsonObject, port: number): boolean =>
  containersOf(pod).some((container) =>
    objectsAt(container, 'ports').some((one) => numberAt(one, 'containerPort') === port),
  );

/** A ready pod behind a service. Only endpoints that are pods of that namespace, at an address of theirs, are gone to. */
export async function servicePlace(
  parts: PlaceParts,
  context: RequestContext,
  namespace: string,
  id: ProxyId,
): Promise<Place> {
  const { registry, random } = parts;
  const portName = await servicePort(registry, context, namespace, id);
  const endpoints = await readObject(registry, context, 'endpoints', namespace, id.name);
  const none = (): ApiError => unavailable(`no endpoints available for service ${JSON.stringify(id.name)}`);
  const choices = objectsAt(endpoints, 'subsets').flatMap((subset) => {
    const port = objectsAt(subset, 'ports').find((one) => textAt(one, 'name') === portName);
    const number = numberAt(port, 'port');
    return number === undefined ? [] : objectsAt(subset, 'addresses').map((address) => ({ address, port: number }));
  });
  const start = Math.floor(random() * choices.length);
  for (const { address, port } of [...choices.slice(start), ...choices.slice(0, start)]) {
    const pod = await podBehind(registry, context, namespace, address);
    if (pod !== undefined) return placeIn(parts, pod, { secure: id.secure, port });
  }
  throw none();
}

/** The name of the port that is asked for by number or by name. */
async function servicePort(
  registry: Registry,
  context: RequestContext,
  namespace: string,
  { name, port }: ProxyId,
): Promise<string> {
  if (!/^\d+$/.test(port)) return port;
  const service = await readObject(registry, context, 'services', namespace, name);
  const found = objectsAt(service, 'spec', 'ports').find((one) => numberAt(one, 'port') === Number(port));
  if (found === undefined)
    throw unavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`);
  return textAt(found, 'name');
}

async function podBehind(
  registry: Registry,
  context: RequestContext,
  namespace: string,
  address: JsonObject,
): Promise<JsonObject | undefined> {
  const isPod =
    textAt(address, 'targetRef', 'kind') === 'Pod' && textAt(address, 'targetRef', 'namespace') === namespace;
  if (!isPod) return undefined;
  try {
    const pod = await readObject(registry, context, 'pods', namespace, textAt(address, 'targetRef', 'name'));
    const addresses = objectsAt(pod, 'status', 'podIPs').map((one) => textAt(one, 'ip'));
    return addresses.includes(textAt(address, 'ip')) ? pod : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'NotFound') return undefined;
    throw error;
  }
}
