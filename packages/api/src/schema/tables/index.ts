/** The rules of all built-in types, by the OpenAPI prefix of their group and version. */
import {
  authentication,
  certificates,
  coordination,
  discovery,
  flowcontrol,
  networking,
  node,
  rbac,
  scheduling,
  storage,
} from './cluster.ts';
import { core } from './core.ts';
import { admissionregistration, apiextensions, apiregistration } from './extension.ts';
import { meta } from './meta.ts';
import type { TypeRule, TypeRules } from './rule.ts';
import { apps, autoscalingV1, autoscalingV2, batch, policy } from './workloads.ts';

const api = 'io.k8s.api';

const rules: ReadonlyMap<string, TypeRules> = new Map([
  [`${api}.admissionregistration.v1`, admissionregistration],
  [`${api}.apps.v1`, apps],
  [`${api}.authentication.v1`, authentication],
  [`${api}.autoscaling.v1`, autoscalingV1],
  [`${api}.autoscaling.v2`, autoscalingV2],
  [`${api}.batch.v1`, batch],
  [`${api}.certificates.v1`, certificates],
  [`${api}.coordination.v1`, coordination],
  [`${api}.core.v1`, core],
  [`${api}.discovery.v1`, discovery],
  [`${api}.flowcontrol.v1`, flowcontrol],
  [`${api}.networking.v1`, networking],
  [`${api}.node.v1`, node],
  [`${api}.policy.v1`, policy],
  [`${api}.rbac.v1`, rbac],
  [`${api}.scheduling.v1`, scheduling],
  [`${api}.storage.v1`, storage],
  ['io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1', apiextensions],
  ['io.k8s.apimachinery.pkg.apis.meta.v1', meta],
  ['io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', apiregistration],
]);

const none: TypeRule = {};

/** What is known of one type, e.g. `io.k8s.api.core.v1.PodSpec`; empty when nothing is. */
export function ruleOf(ref: string): TypeRule {
  const dot = ref.lastIndexOf('.');
  return rules.get(ref.slice(0, dot))?.[ref.slice(dot + 1)] ?? none;
}

/** Every type that has a rule, so that a test can hold the tables against the schemas. */
export function ruledTypes(): string[] {
  return [...rules].flatMap(([prefix, types]) => Object.keys(types).map((name) => `${prefix}.${name}`));
}
