/** How a job finds its pods when nobody says so: by its uid, which no other job has (pkg/registry/batch/job/strategy.go). */
import type { JsonObject } from '../object.ts';

/** Labels the pods and selects them, in place, unless the selector is the client's own. What is written already stays, and is checked. */
export function selectOwnPods(job: JsonObject): void {
  const spec = member(job, 'spec');
  if (spec.manualSelector === true) return;
  const { uid = '', name = '' } = member(job, 'metadata');
  const byUid = { 'batch.kubernetes.io/controller-uid': uid };
  const labels = member(member(member(spec, 'template'), 'metadata'), 'labels');
  putAbsent(labels, { 'controller-uid': uid, 'job-name': name, ...byUid, 'batch.kubernetes.io/job-name': name });
  putAbsent(member(member(spec, 'selector'), 'matchLabels'), byUid);
}

function putAbsent(to: JsonObject, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) if (!Object.hasOwn(to, key)) to[key] = value;
}

/** The object under a key, made when there is none. */
function member(of: JsonObject, key: string): JsonObject {
  const found = of[key];
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as JsonObject;
  const made: JsonObject = {};
  of[key] = made;
  return made;
}
