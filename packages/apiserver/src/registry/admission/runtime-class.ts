/** RuntimeClass: a pod's class exists, and the pod gets the overhead and the placement that the class asks for (KEP-585, KEP-688). */
import { forbidden, type JsonObject } from '@skiff/api';
import { childObject, copy, objectAt, objectsAt, own, put, same, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep } from '../contract.ts';
import type { Env } from '../env.ts';
import { nameOf } from '../meta.ts';
import { readCached, readLive } from '../reader.ts';

const classes = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };

export function runtimeClass(env: Env): AdmissionStep {
  const classOf = async (request: AdmissionRequest, pod: JsonObject): Promise<JsonObject | undefined> => {
    const name = textAt(pod, 'spec', 'runtimeClassName');
    if (name === '') return undefined;
    const found = readCached(env, classes, '', name) ?? (await readLive(env, classes, '', name));
    if (found === undefined)
      throw refusal(request, pod, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found;
  };
  return {
    name: 'RuntimeClass',
    async mutate(request) {
      const pod = newPod(request);
      if (pod === undefined) return;
      const found = await classOf(request, pod);
      if (found === undefined) return;
      setOverhead(request, pod, found);
      setScheduling(request, pod, found);
    },
    async validate(request) {
      const pod = newPod(request);
      if (pod === undefined) return;
      const found = await classOf(request, pod);
      const overhead = objectAt(pod, 'spec', 'overhead');
      if (overhead !== undefined && objectAt(found, 'overhead', 'podFixed') === undefined) {
        throw refusal(
          request,
          pod,
          'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
        );
      }
    },
  };
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
