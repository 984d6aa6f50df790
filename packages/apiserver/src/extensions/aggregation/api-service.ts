/** apiregistration.k8s.io/v1 APIService: which server answers for a group version. Pure. */
import type { Definition, JsonObject, SubresourceDefinition, Verb } from '@skiff/api';
import { listAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Condition } from '../crd/types.ts';

export interface ApiService {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly group?: string;
    readonly version?: string;
    readonly service?: { readonly namespace?: string; readonly name?: string; readonly port?: number };
    readonly caBundle?: string;
    readonly insecureSkipTLSVerify?: boolean;
    readonly groupPriorityMinimum?: number;
    readonly versionPriority?: number;
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** Says that this server made the entry: for what it ships at start, or for a custom kind as long as that is there. */
export const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged';

export const isRemote = (service: ApiService): boolean => service.spec?.service !== undefined;

export const nameOf = (of: { readonly group: string; readonly version: string }): string => `${of.version}.${of.group}`;

/** Kubernetes' own numbers: among groups that have a resource of one name, the highest is meant. */
const groupPriorities: ReadonlyMap<string, number> = new Map([
  ['', 18_000],
  ['apps', 17_800],
  ['events.k8s.io', 17_750],
  ['authentication.k8s.io', 17_700],
  ['authorization.k8s.io', 17_600],
  ['autoscaling', 17_500],
  ['batch', 17_400],
  ['certificates.k8s.io', 17_300],
  ['networking.k8s.io', 17_200],
  ['policy', 17_100],
  ['rbac.authorization.k8s.io', 17_000],
  ['storage.k8s.io', 16_800],
  ['apiextensions.k8s.io', 16_700],
  ['admissionregistration.k8s.io', 16_700],
  ['scheduling.k8s.io', 16_600],
  ['coordination.k8s.io', 16_500],
  ['node.k8s.io', 16_300],
  ['discovery.k8s.io', 16_200],
  ['flowcontrol.apiserver.k8s.io', 16_100],
  ['metrics.k8s.io', 100],
]);
/** 15 otherwise. */
const versionPriorities: ReadonlyMap<string, number> = new Map([
  ['v1.', 1],
  ['v2.autoscaling', 30],
  ['v1.flowcontrol.apiserver.k8s.io', 21],
  ['v1beta1.metrics.k8s.io', 100],
]);

/** The entry of a group version that this server answers for itself. */
export const localService = (
  of: { readonly group: string; readonly version: string },
  custom: boolean,
): JsonObject => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: nameOf(of), labels: { [automanagedLabel]: custom ? 'true' : 'onstart' } },
  spec: {
    ...(of.group === '' ? {} : { group: of.group }),
    version: of.version,
    groupPriorityMinimum: custom ? 1000 : (groupPriorities.get(of.group) ?? 15_000),
    versionPriority: custom ? 100 : (versionPriorities.get(nameOf(of)) ?? 15),
  },
});

export const available = (isIt: boolean, reason: string, message: string): Condition => ({
  ...{ type: 'Available', status: isIt ? 'True' : 'False', reason, message },
});

export const localCondition = available(true, 'Local', 'Local APIServices are always available');

export const isAvailable = (service: ApiService): boolean =>
  service.status?.conditions?.some((each) => each.type === 'Available' && each.status === 'True') === true;

const verbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const verbsOf = (resource: JsonObject): readonly Verb[] =>
  verbs.filter((verb) => listAt(resource, 'verbs').includes(verb));
const textsAt = (object: JsonObject, key: string): readonly string[] =>
  listAt(object, key).filter((each) => typeof each === 'string');

/** What a remote server's APIResourceList says it serves, as discovery shows it. Its objects are never decoded here. */
export function remoteDefinitions(
  of: { readonly group: string; readonly version: string },
  list: JsonObject,
): readonly Definition[] {
  const resources = objectsAt(list, 'resources');
  return resources
    .filter((resource) => !textAt(resource, 'name').includes('/'))
    .map((resource) => {
      const name = textAt(resource, 'name');
      const kind = textAt(resource, 'kind');
      return {
        ...{ group: of.group, version: of.version, kind, listKind: `${kind}List`, resource: name },
        singular: textAt(resource, 'singularName') || kind.toLowerCase(),
        shortNames: textsAt(resource, 'shortNames'),
        categories: textsAt(resource, 'categories'),
        namespaced: own(resource, 'namespaced') === true,
        verbs: verbsOf(resource),
        subresources: resources.flatMap((each) => subresourceOf(name, each)),
        schema: () => {
          throw new Error(`${of.group}/${of.version} ${kind} is served elsewhere`);
        },
      };
    });
}

function subresourceOf(parent: string, resource: JsonObject): readonly SubresourceDefinition[] {
  const [of, name, ...rest] = textAt(resource, 'name').split('/');
  if (of !== parent || name === undefined || rest.length > 0) return [];
  const kind = {
    group: textAt(resource, 'group'),
    version: textAt(resource, 'version'),
    kind: textAt(resource, 'kind'),
  };
  return [{ name, verbs: verbsOf(resource), ...(kind.version === '' ? {} : { kind }) }];
}
