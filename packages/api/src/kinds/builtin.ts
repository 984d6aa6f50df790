/** Every built-in kind of Kubernetes v1.32's GA groups, and metrics. */
import type { Definition } from '../definition.ts';
import type { GroupVersionKind, GroupVersionResource } from '../object.ts';
import { builtinType } from '../schema/builtin.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import { admissionregistrationKinds } from './groups/admissionregistration.ts';
import { appsKinds } from './groups/apps.ts';
import { autoscalingKinds } from './groups/autoscaling.ts';
import { batchKinds } from './groups/batch.ts';
import { certificatesKinds } from './groups/certificates.ts';
import { coordinationKinds } from './groups/coordination.ts';
import { coreKinds } from './groups/core.ts';
import { discoveryKinds } from './groups/discovery.ts';
import { eventsKinds } from './groups/events.ts';
import { apiextensionsKinds, apiregistrationKinds } from './groups/extensions.ts';
import { flowcontrolKinds } from './groups/flowcontrol.ts';
import { metricsKinds } from './groups/metrics.ts';
import { networkingKinds } from './groups/networking.ts';
import { nodeKinds } from './groups/node.ts';
import { policyKinds } from './groups/policy.ts';
import { rbacKinds } from './groups/rbac.ts';
import { authenticationKinds, authorizationKinds } from './groups/reviews.ts';
import { schedulingKinds } from './groups/scheduling.ts';
import { storageKinds } from './groups/storage.ts';

/** In the order of a real server's discovery: core, then groups by their priority; a group's preferred version first. */
const definitions: readonly Definition[] = [
  ...coreKinds,
  ...apiregistrationKinds,
  ...appsKinds,
  ...eventsKinds,
  ...authenticationKinds,
  ...authorizationKinds,
  ...autoscalingKinds,
  ...batchKinds,
  ...certificatesKinds,
  ...networkingKinds,
  ...policyKinds,
  ...rbacKinds,
  ...storageKinds,
  ...admissionregistrationKinds,
  ...apiextensionsKinds,
  ...schedulingKinds,
  ...coordinationKinds,
  ...nodeKinds,
  ...discoveryKinds,
  ...flowcontrolKinds,
  ...metricsKinds,
];

const byResource = new Map(definitions.map((one) => [`${one.group}/${one.version}/${one.resource}`, one]));
const byKind = new Map(definitions.map((one) => [`${one.group}/${one.version}/${one.kind}`, one]));

/** All built-in kinds. */
export function builtinDefinitions(): readonly Definition[] {
  return definitions;
}

/** The built-in collection of that name. Undefined when there is none. */
export function findBuiltin(of: GroupVersionResource): Definition | undefined {
  return byResource.get(`${of.group}/${of.version}/${of.resource}`);
}

/** The built-in kind of that name. Undefined when there is none. */
export function findBuiltinKind(of: GroupVersionKind): Definition | undefined {
  return byKind.get(`${of.group}/${of.version}/${of.kind}`);
}

/** The kinds that travel through subresources and calls only, and are no collection. */
const travelling: ReadonlyMap<string, string> = new Map([
  ['autoscaling/v1/Scale', 'io.k8s.api.autoscaling.v1.Scale'],
  ['authentication.k8s.io/v1/TokenRequest', 'io.k8s.api.authentication.v1.TokenRequest'],
  ['policy/v1/Eviction', 'io.k8s.api.policy.v1.Eviction'],
  ['/v1/Status', 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'],
  ['/v1/DeleteOptions', 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'],
  ['meta.k8s.io/v1/DeleteOptions', 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'],
]);

/** The schema of any built-in kind: of a collection, of a subresource, or DeleteOptions. Undefined when there is none. */
export function builtinSchema(of: GroupVersionKind): ObjectSchema | undefined {
  const id = `${of.group}/${of.version}/${of.kind}`;
  const travels = travelling.get(id);
  return travels === undefined ? byKind.get(id)?.schema() : builtinType(travels);
}
