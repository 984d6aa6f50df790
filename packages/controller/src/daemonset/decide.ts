/** What a DaemonSet needs next. Pure. Rules: Kubernetes' daemon controller, v1.32. */
import type { DaemonSet, DaemonSetStatus, Node, Pod } from '@skiff/api';
import { revisionLabel } from '../runtime/history.ts';
import { scaledValue } from '../runtime/int-or-percent.ts';
import { isPodAvailable, isPodFinished, isPodReady } from '../runtime/pods.ts';
import { withoutEmpty } from '../runtime/status.ts';
import { nodeOf, placement } from './placement.ts';

export interface DaemonPlan {
  /** Names of nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly status: DaemonSetStatus;
}

/** What there is on one node. */
interface Place {
  readonly node: string;
  readonly run: boolean;
  readonly keep: boolean;
  readonly pods: readonly Pod[];
}

/** `hash`: the present revision's, as on its pods' label. */
export function planDaemonSet(
  set: DaemonSet,
  pods: readonly Pod[],
  nodes: readonly Node[],
  hash: string,
  nowMs: number,
): DaemonPlan {
  const byNode = Map.groupBy(pods, nodeOf);
  const places = nodes.map((node): Place => {
    const { name } = node.metadata;
    return { node: name, pods: byNode.get(name) ?? [], ...placement(set, node) };
  });
  const known = new Set(places.map(({ node }) => node));
  const view: View = { set, hash, nowMs };
  const status = daemonSetStatus(view, places);
  if (set.metadata.deletionTimestamp !== undefined) return { create: [], remove: [], status };
  const homeless = pods.filter(
    (pod) => !isGoing(pod) && (pod.spec.nodeName ?? '') === '' && !known.has(nodeOf(pod) ?? ''),
  );
  const managed = places.map((place) => manage(view, place));
  const create = managed.flatMap((one) => one.create);
  const remove = [...homeless, ...managed.flatMap((one) => one.remove)];
  // One thing at a time: what was just begun changes what may be rolled.
  if (create.length > 0 || remove.length > 0 || set.spec.updateStrategy?.type === 'OnDelete')
    return { create, remove, status };
  return { ...roll(view, places), status };
}

interface View {
  readonly set: DaemonSet;
  readonly hash: string;
  readonly nowMs: number;
}

const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const isNew = ({ hash }: View, pod: Pod): boolean => pod.metadata.labels?.[revisionLabel] === hash;
const isAvailable = ({ set, nowMs }: View, pod: Pod): boolean =>
  !isGoing(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
const oldestFirst = (pods: readonly Pod[]): Pod[] =>
  [...pods].sort(
    (a, b) =>
      Number(nodeBound(b)) - Number(nodeBound(a)) ||
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
const nodeBound = (pod: Pod): boolean => (pod.spec.nodeName ?? '') !== '';

function limits({ set }: View, desired: number): { maxSurge: number; maxUnavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, 'up');
  const unavailable = scaledValue(maxUnavailable, desired, 'up');
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** One pod on every node where it belongs, none elsewhere; finished ones are made anew. */
function manage(view: View, { node, run, keep, pods }: Place): { create: string[]; remove: Pod[] } {
  if (!keep) return { create: [], remove: pods.filter((pod) => !isGoing(pod)) };
  const finished = pods.filter((pod) => !isGoing(pod) && isPodFinished(pod));
  const alive = oldestFirst(pods.filter((pod) => !isGoing(pod) && !isPodFinished(pod)));
  const remove = [...finished, ...surplus(view, alive)];
  return { create: run && pods.length === 0 ? [node] : [], remove };
}

/** Of several on one node the oldest stays; while a surge rolls, an old and a new one. */
function surplus(view: View, alive: readonly Pod[]): Pod[] {
  const { maxSurge } = limits(view, 100);
  if (maxSurge === 0) return alive.slice(1);
  const fresh = alive.filter((pod) => isNew(view, pod));
  const old = alive.filter((pod) => !isNew(view, pod));
  return [...fresh.slice(1), ...old.slice(1)];
}

function roll(view: View, places: readonly Place[]): { create: string[]; remove: Pod[] } {
  const wanted = places.filter(({ run }) => run);
  const { maxSurge, maxUnavailable } = limits(view, wanted.length);
  return maxSurge > 0 ? rollBySurge(view, wanted, maxSurge) : rollByDeleting(view, wanted, maxUnavailable);
}

/** Old pods that serve nobody go at once, the others as far as availability allows. */
function rollByDeleting(
  view: View,
  places: readonly Place[],
  maxUnavailable: number,
): { create: string[]; remove: Pod[] } {
  const broken: Pod[] = [];
  const serving: Pod[] = [];
  let unavailable = 0;
  for (const { pods } of places) {
    const pod = pods.find((one) => !isGoing(one));
    if (pod === undefined || !isAvailable(view, pod)) unavailable += 1;
    if (pod === undefined || isNew(view, pod)) continue;
    (isAvailable(view, pod) ? serving : broken).push(pod);
  }
  return { create: [], remove: [...broken, ...serving.slice(0, Math.max(0, maxUnavailable - unavailable))] };
}

/** A new pod comes beside the old one, which goes when the new one is available, or when it serves nobody itself. */
function rollBySurge(view: View, places: readonly Place[], maxSurge: number): { create: string[]; remove: Pod[] } {
  const remove: Pod[] = [];
  const urgent: string[] = [];
  const others: string[] = [];
  let surging = 0;
  for (const { node, pods } of places) {
    const alive = pods.filter((pod) => !isGoing(pod));
    const fresh = alive.find((pod) => isNew(view, pod));
    const old = alive.find((pod) => !isNew(view, pod));
    if (old === undefined) continue;
    if (fresh === undefined) (isAvailable(view, old) ? others : urgent).push(node);
    else if (isAvailable(view, fresh)) remove.push(old);
    else {
      surging += 1;
      if (!isAvailable(view, old)) remove.push(old);
    }
  }
  return { create: [...urgent, ...others].slice(0, Math.max(0, maxSurge - surging)), remove };
}

function daemonSetStatus(view: View, places: readonly Place[]): DaemonSetStatus {
  const wanted = places.filter(({ run }) => run);
  const held = wanted.filter(({ pods }) => pods.length > 0);
  const best = held.map(({ pods }) => {
    const alive = pods.filter((pod) => !isGoing(pod));
    return alive.find((pod) => isAvailable(view, pod)) ?? alive.find(isPodReady) ?? oldestFirst(alive)[0];
  });
  const count = (test: (pod: Pod) => boolean): number => best.filter((pod) => pod !== undefined && test(pod)).length;
  const available = count((pod) => isAvailable(view, pod));
  const { collisionCount, conditions } = view.set.status ?? {};
  return withoutEmpty<DaemonSetStatus>(
    {
      currentNumberScheduled: held.length,
      numberMisscheduled: places.filter(({ run, pods }) => !run && pods.length > 0).length,
      desiredNumberScheduled: wanted.length,
      numberReady: count(isPodReady),
      updatedNumberScheduled: held.filter(({ pods }) => pods.some((pod) => !isGoing(pod) && isNew(view, pod))).length,
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
      observedGeneration: view.set.metadata.generation ?? 0,
      ...(collisionCount === undefined ? {} : { collisionCount }),
      ...(conditions === undefined ? {} : { conditions }),
    },
    ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'collisionCount'],
  );
}
