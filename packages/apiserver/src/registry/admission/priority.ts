/** Priority: a pod's priority is its class's; one global default class at most. */
import { forbidden, type JsonObject } from '@skiff/api';
import { childObject, numberAt, own, put, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { listCached, readCached, readLive } from '../reader.ts';

const classes = { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' };

export function priority(env: Env): AdmissionStep {
  return {
    name: 'Priority',
    mutate(request) {
      const { object, oldObject, target, operation } = request;
      const isPod = target.group === '' && target.resource === 'pods' && target.subresource === '';
      if (!isPod || object === undefined) return;
      if (operation === 'UPDATE' && oldObject !== undefined) keepPriority(object, oldObject);
      if (operation !== 'CREATE') return;
      const named = textAt(childObject(object, 'spec'), 'priorityClassName');
      if (named !== '') return settleNamed(env, request, object, named);
      settlePriority(request, object, defaultClass(env));
    },
    validate(request) {
      const { object, target, operation } = request;
      const isClass = target.group === classes.group && target.resource === classes.resource;
      if (!isClass || object === undefined || operation === 'DELETE') return;
      checkOnlyDefault(env, request, object);
    },
  };
}

async function settleNamed(env: Env, request: AdmissionRequest, pod: JsonObject, name: string): Promise<void> {
  const found = readCached(env, classes, '', name) ?? (await readLive(env, classes, '', name));
  if (found === undefined) throw forbidden(request.target, nameOf(pod), `no PriorityClass with name ${name} was found`);
  settlePriority(request, pod, found);
}

/** `found` is the pod's class, or the default one, if there is any. */
function settlePriority({ target }: AdmissionRequest, pod: JsonObject, found: JsonObject | undefined): void {
  const spec = childObject(pod, 'spec');
  const value = numberAt(found, 'value') ?? 0;
  const given = numberAt(spec, 'priority');
  if (given !== undefined && given !== value) {
    throw forbidden(
      target,
      nameOf(pod),
      `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  const policy = textAt(found, 'preemptionPolicy') || 'PreemptLowerPriority';
  const asked = textAt(spec, 'preemptionPolicy');
  if (asked !== '' && asked !== policy) {
    throw forbidden(
      target,
      nameOf(pod),
      `the string value of PreemptionPolicy (${asked}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  }
  if (found !== undefined) put(spec, 'priorityClassName', nameOf(found));
  put(spec, 'priority', value);
  put(spec, 'preemptionPolicy', policy);
}

/** An update that does not repeat what was computed keeps it. */
function keepPriority(pod: JsonObject, old: JsonObject): void {
  const spec = childObject(pod, 'spec');
  for (const key of ['priority', 'preemptionPolicy']) {
    const before = own(childObject(old, 'spec'), key);
    if (own(spec, key) === undefined && before !== undefined) put(spec, key, before);
  }
}

const isDefault = (object: JsonObject): boolean => own(object, 'globalDefault') === true;

/** The global default; of several (a lost race) the one of the lowest value. */
function defaultClass(env: Env): JsonObject | undefined {
  return listCached(env, classes)
    .filter(isDefault)
    .sort((a, b) => (numberAt(a, 'value') ?? 0) - (numberAt(b, 'value') ?? 0))[0];
}

function checkOnlyDefault(env: Env, { target }: AdmissionRequest, object: JsonObject): void {
  if (!isDefault(object)) return;
  const other = listCached(env, classes).find((each) => isDefault(each) && nameOf(each) !== nameOf(object));
  if (other !== undefined) {
    throw forbidden(
      target,
      nameOf(object),
      `PriorityClass ${nameOf(other)} is already marked as default. Only one default can exist`,
    );
  }
}
