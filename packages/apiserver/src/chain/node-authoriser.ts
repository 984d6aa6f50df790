/**
 * What a node may do: read what every node needs, read what the pods bound to it refer to, and write what is its own.
 * Kubernetes' node authoriser and NodeRestriction say the same together; what can only be seen in a body is in `node-restriction.ts`.
 */
import { isReason, type JsonObject } from '@skiff/api';
import type { Registry } from '../registry/contract.ts';
import { systemContext } from '../registry/system-context.ts';
import type { Attributes, Authoriser, Decision, ResourceAttributes } from './attributes.ts';
import { nodeOf } from './node-identity.ts';
import { podReferences, type ReferenceKind } from './pod-references.ts';

const allow: Decision = { verdict: 'allow', reason: 'node' };
const noOpinion = (reason: string): Decision => ({ verdict: 'no-opinion', reason });

const read = new Set(['get', 'list', 'watch']);

/** Collections that every node reads whole, by group and resource. */
const readable = new Set([
  '/services',
  '/endpoints',
  '/nodes',
  '/pods',
  '/namespaces',
  '/persistentvolumes',
  'discovery.k8s.io/endpointslices',
  'networking.k8s.io/networkpolicies',
  'node.k8s.io/runtimeclasses',
  'storage.k8s.io/csidrivers',
]);

/** Verbs that need nothing looked up, by group/resource/subresource. Names are checked where the rule has them. */
interface OwnRule {
  readonly verbs: readonly string[];
  /** The object must be the node's own by name; a create shows its name only in the body, which admission sees. */
  readonly named: boolean;
  readonly namespace?: string;
}

const own = new Map<string, OwnRule>([
  ['/nodes', { verbs: ['create', 'update', 'patch'], named: true }],
  ['/nodes/status', { verbs: ['get', 'update', 'patch'], named: true }],
  ['/nodes/link', { verbs: ['connect'], named: true }],
  [
    'coordination.k8s.io/leases',
    { verbs: ['get', 'create', 'update', 'patch', 'delete'], named: true, namespace: 'kube-node-lease' },
  ],
  ['storage.k8s.io/csinodes', { verbs: ['get', 'create', 'update', 'patch', 'delete'], named: true }],
  ['certificates.k8s.io/certificatesigningrequests', { verbs: ['create', 'get', 'list', 'watch'], named: false }],
  ['certificates.k8s.io/certificatesigningrequests/selfnodeclient', { verbs: ['create'], named: false }],
  ['/events', { verbs: ['create', 'update', 'patch'], named: false }],
  ['events.k8s.io/events', { verbs: ['create', 'update', 'patch'], named: false }],
  ['authentication.k8s.io/tokenreviews', { verbs: ['create'], named: false }],
  ['authorization.k8s.io/subjectaccessreviews', { verbs: ['create'], named: false }],
  ['authorization.k8s.io/selfsubjectaccessreviews', { verbs: ['create'], named: false }],
]);

/** What a node may do with a pod that is bound to it. */
const onOwnPods = new Map<string, readonly string[]>([
  ['/pods', ['delete']],
  ['/pods/status', ['get', 'update', 'patch']],
  ['/pods/eviction', ['create']],
]);

const references = new Map<string, ReferenceKind>([
  ['/secrets', 'secrets'],
  ['/configmaps', 'configmaps'],
  ['/persistentvolumeclaims', 'persistentvolumeclaims'],
  ['/serviceaccounts', 'serviceaccounts'],
]);

const keyOf = ({ group, resource, subresource }: ResourceAttributes): string =>
  `${group}/${resource}${subresource === '' ? '' : `/${subresource}`}`;

/** Any node may read the discovery documents. */
const discovery = /^\/(api|apis|openapi)(\/|$)/;

/** What needs no look-up; undefined when the answer depends on pods. */
export function staticDecision(nodeName: string, attributes: Attributes): Decision | undefined {
  if (attributes.type === 'path')
    return attributes.verb === 'get' && discovery.test(attributes.path) ? allow : noOpinion('');
  const key = keyOf(attributes);
  if (read.has(attributes.verb) && readable.has(key)) return allow;
  const rule = own.get(key);
  if (rule?.verbs.includes(attributes.verb) === true) return ownDecision(rule, nodeName, attributes);
  if (onOwnPods.get(key)?.includes(attributes.verb) === true) return undefined;
  const isRead = references.has(key) && read.has(attributes.verb);
  const isToken = key === '/serviceaccounts/token' && attributes.verb === 'create';
  if ((isRead || isToken) && attributes.name !== '' && attributes.namespace !== '') return undefined;
  if (isRead) return noOpinion('No Object name found');
  return noOpinion('');
}

function ownDecision(rule: OwnRule, nodeName: string, { verb, namespace, name }: ResourceAttributes): Decision {
  if (rule.namespace !== undefined && namespace !== rule.namespace)
    return noOpinion(`can only access node leases in the "${rule.namespace}" system namespace`);
  if (rule.named && verb !== 'create' && name !== nodeName)
    return noOpinion(`node ${JSON.stringify(nodeName)} can only act as itself`);
  return allow;
}

/** Asks the registry for pods only when the answer depends on them: first what the cache has, then, before a no, the newest state. */
export function createNodeAuthoriser(registry: Registry): Authoriser {
  const podsOf = async (nodeName: string, namespace: string, resourceVersion: string): Promise<JsonObject[]> => {
    const target = { group: '', version: 'v1', resource: 'pods', namespace, name: '', subresource: '' };
    const list = await registry.list(systemContext(new AbortController().signal), target, {
      labelSelector: '',
      fieldSelector: `spec.nodeName=${nodeName}`,
      limit: 0,
      continue: '',
      resourceVersion,
      resourceVersionMatch: '',
    });
    return list.items.map((item) => JSON.parse(item) as JsonObject);
  };

  const holdsPod = async (nodeName: string, { namespace, name }: ResourceAttributes, version: string) => {
    const target = { group: '', version: 'v1', resource: 'pods', namespace, name, subresource: '' };
    try {
      const context = systemContext(new AbortController().signal);
      const { text } = await registry.get(context, target, { resourceVersion: version });
      const { spec } = JSON.parse(text) as { spec?: { nodeName?: unknown } };
      return spec?.nodeName === nodeName;
    } catch (error) {
      // A pod that is gone is answered 404 by the registry, which tells the agent more than a 403.
      if (isReason(error, 'NotFound')) return version === '';
      throw error;
    }
  };

  const refersTo = async (nodeName: string, attributes: ResourceAttributes, kind: ReferenceKind, version: string) => {
    const pods = await podsOf(nodeName, attributes.namespace, version);
    return pods.some((pod) => podReferences(pod).get(kind)?.has(attributes.name));
  };

  const decideByPods = async (nodeName: string, attributes: ResourceAttributes): Promise<Decision> => {
    const key = keyOf(attributes);
    const kind = key === '/serviceaccounts/token' ? 'serviceaccounts' : references.get(key);
    const check = (version: string): Promise<boolean> =>
      kind === undefined ? holdsPod(nodeName, attributes, version) : refersTo(nodeName, attributes, kind, version);
    if ((await check('0')) || (await check(''))) return allow;
    return noOpinion(`no relationship found between node '${nodeName}' and this object`);
  };

  return {
    async decide(user, attributes) {
      const nodeName = nodeOf(user);
      if (nodeName === undefined) return noOpinion('');
      const decision = staticDecision(nodeName, attributes);
      if (decision !== undefined || attributes.type === 'path') return decision ?? noOpinion('');
      return decideByPods(nodeName, attributes);
    },
  };
}
