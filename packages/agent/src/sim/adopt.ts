/** A node that is simulated anew finds the containers that its pods' statuses tell of, as an agent finds them in the engine. Pure. */
import { type ContainerStatus as ApiContainerStatus, isConditionTrue, type Pod } from '@skiff/api';
import { findDeclared, isTerminal } from '../pods/spec.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';
import { parseTime } from '../time.ts';
import { fateOf } from './fate.ts';
import { type Life, unborn, type World } from './life.ts';
import { instance } from './step.ts';

/** What was running and is declared, in one sandbox; everything else is made anew. */
export function adopt(pod: Pod, nowMs: number, world: World): Life {
  const { initContainerStatuses = [], containerStatuses = [], podIP, conditions } = pod.status ?? {};
  const told = [...initContainerStatuses, ...containerStatuses].filter(({ containerID }) => containerID !== undefined);
  if (told.length === 0 || podIP === undefined || isTerminal(pod)) return unborn;
  if (!isConditionTrue(conditions, 'PodReadyToStartContainers')) return unborn;
  const sandbox = instance(pod, 'sandbox', '', 0, nowMs, {});
  const containers = told.flatMap((status) => asFound(pod, status, sandbox.id, nowMs));
  const running = containers.filter(({ state }) => state === 'running');
  const fates = new Map(
    running.map(({ id, name, attempt }) => [id, { ...fateOf(pod, name, attempt, nowMs, world), readyAt: nowMs }]),
  );
  const network = { sandboxId: sandbox.id, ips: [podIP] };
  return { ...unborn, volumes: 'ready', network, containers: [sandbox, ...containers], fates };
}

function asFound(pod: Pod, status: ApiContainerStatus, sandboxId: string, nowMs: number): ContainerStatus[] {
  const { name, restartCount = 0, state, containerID = '', imageID = '' } = status;
  const image = findDeclared(pod, name)?.spec.image;
  if (image === undefined) return [];
  const labels = { [label.sandboxId]: sandboxId, [label.backoffMs]: '0', [label.declaredImage]: image };
  const startedAt = parseTime(state?.running?.startedAt ?? state?.terminated?.startedAt) ?? nowMs;
  const found = {
    ...instance(pod, 'container', name, restartCount, startedAt, labels),
    id: bare(containerID),
    imageId: bare(imageID),
  };
  if (state?.running !== undefined) return [found];
  if (state?.terminated === undefined) return [];
  const { exitCode, finishedAt, reason } = state.terminated;
  const ended = { state: 'exited', pid: 0, exitCode, oomKilled: reason === 'OOMKilled' } as const;
  return [{ ...found, ...ended, finishedAt: parseTime(finishedAt) ?? nowMs }];
}

const bare = (id: string): string => id.replace(/^\w+:\/\//, '');
