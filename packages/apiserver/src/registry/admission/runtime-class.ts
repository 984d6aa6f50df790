/** RuntimeClass: a pod's class exists, and the pod gets the overhead and the placement that the class asks for (KEP-585, KEP-688). */
import { forbidden, type JsonObject } from '@skiff/api';
import { childObject, copy, objectAt, objectsAt, own, put, same, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { readCached, readLive } from '../reader.ts';

const classes = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };

export function runtimeClass(env: Env): AdmissionStep {
  /** Does something with a new pod and its class; at once when it names none. */
  const withClass = (
    request: AdmissionRequest,
    work: (pod: JsonObject, found: JsonObject | undefined) => void,
  ): Promise<void> | undefined => {
    const pod = newPod(request);
    if (pod === undefined) return undefined;
    const name = textAt(pod, 'spec', 'runtimeClassName');
    if (name !== '') return classOf(env, request, pod, name).then((found) => work(pod, found));
    work(pod, undefined);
    return undefined;
  };
  return {
    name: 'RuntimeClass',
    mutate: (request) =>
      withClass(request, (pod, found) => {
        if (found === undefined) return;
        setOverhead(request, pod, found);
        setScheduling(request, pod, found);
      }),
    validate: (request) =>
      withClass(request, (pod, found) => {
        const overhead = objectAt(pod, 'spec', 'overhead');
        if (overhead === undefined || objectAt(found, 'overhead', 'podFixed') !== undefined) return;
        throw refusal(
          request,
          pod,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
      }),
  };
}

async function classOf(env: Env, request: AdmissionRequest, pod: JsonObject, name: string): Promise<JsonObject> {
  const found = readCached(env, classes, '', name) ?? (await readLive(env, classes, '', name));
  if (found !== undefined) return found;
  throw refusal(request, pod, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}

const newPod = ({ object, target, operation }: AdmissionRequest): JsonObject | undefined =>
  operation === 'CREATE' && target.group === '' && target.resource === 'pods' && target.subresource === ''
    ? object
    : undefined;

const refusal = ({ target }: AdmissionRequest, pod: JsonObject, why: string) => forbidden(target, nameOf(pod), why);

function setOverhead(request: AdmissionRequest, pod: JsonObject, found: JsonObject): void {
  const wanted = objectAt(found, 'overhead', 'podFixed');
  if (wanted === undefined) return;
  const given = objectAt(pod, 'spec', 'overhead');
  if (given !== undefined && !same(given, wanted)) {
    throw refusal(request, pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  put(childObject(pod, 'spec'), 'overhead', copy(wanted));
}

function setScheduling(request: AdmissionRequest, pod: JsonObject, found: JsonObject): void {
  const spec = childObject(pod, 'spec');
  for (const [key, value] of Object.entries(objectAt(found, 'scheduling', 'nodeSelector') ?? {})) {
    const given = own(childObject(spec, 'nodeSelector'), key);
    if (given !== undefined && given !== value) {
      const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${given}`;
      throw refusal(request, pod, why);
    }
    put(childObject(spec, 'nodeSelector'), key, value);
  }
  const given = objectsAt(spec, 'tolerations');
  const more = objectsAt(found, 'scheduling', 'tolerations').filter((one) => !given.some((other) => same(one, other)));
  if (more.length > 0) put(spec, 'tolerations', copy([...given, ...more]));
}
