/** From what Docker tells to the seam's words. Pure. */
import type {
  ContainerInfo,
  ContainerInspectInfo,
  ContainerStats as DockerStats,
  ImageInfo,
  ImageInspectInfo,
} from 'dockerode';
import type { ContainerState, ContainerStats, ContainerStatus, ContainerSummary, Image } from '../contract.ts';
import { parseIdentity } from '../labels.ts';

/** Milliseconds; 0 for Docker's zero time. */
export function parseDockerTime(text: string | undefined): number {
  if (text === undefined || text.startsWith('0001-')) return 0;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

const toState = (status: string): ContainerState =>
  status === 'created'
    ? 'created'
    : status === 'exited' || status === 'dead' || status === 'removing'
      ? 'exited'
      : 'running';

/** Undefined for a container that is not the agent's. */
export function toSummary(info: ContainerInfo): ContainerSummary | undefined {
  const identity = parseIdentity(info.Labels);
  if (identity === undefined) return undefined;
  return {
    ...identity,
    id: info.Id,
    state: toState(info.State),
    createdAt: info.Created * 1000,
    imageId: info.ImageID,
    labels: info.Labels,
  };
}

/** Undefined for a container that is not the agent's. */
export function toStatus(info: ContainerInspectInfo): ContainerStatus | undefined {
  const identity = parseIdentity(info.Config.Labels);
  if (identity === undefined) return undefined;
  const { State: state } = info;
  const createdAt = parseDockerTime(info.Created);
  const startedAt = parseDockerTime(state.StartedAt);
  const startError = state.Error;
  // Docker leaves a container that could not be started as `created`, with the error beside it.
  const failed = state.Status === 'created' && (startError !== '' || state.ExitCode !== 0);
  const engineState = failed ? 'exited' : toState(state.Status);
  return {
    ...identity,
    id: info.Id,
    state: engineState,
    createdAt,
    labels: info.Config.Labels,
    image: info.Config.Image,
    imageId: info.Image,
    pid: state.Pid,
    startedAt,
    // The engine notes the start after the process has it: one that ends at once may seem to have ended before.
    finishedAt: engineState === 'exited' ? Math.max(parseDockerTime(state.FinishedAt) || createdAt, startedAt) : 0,
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    startError,
    tty: info.Config.Tty,
    stdin: info.Config.OpenStdin,
  };
}

const known = (names: readonly string[] | null | undefined): string[] =>
  (names ?? []).filter((name) => !name.includes('<none>'));

export const toImage = (info: ImageInspectInfo): Image => ({
  id: info.Id,
  tags: known(info.RepoTags),
  digests: known(info.RepoDigests),
  sizeBytes: info.Size,
  user: info.Config.User ?? '',
});

/** A listing does not tell the image's user. */
export const toListedImage = (info: ImageInfo): Image => ({
  id: info.Id,
  tags: known(info.RepoTags),
  digests: known(info.RepoDigests),
  sizeBytes: info.Size,
  user: '',
});

export function toStats(stats: DockerStats, now: number): ContainerStats {
  const { usage = 0, stats: detail } = stats.memory_stats;
  // cgroup v2 calls it inactive_file, v1 total_inactive_file.
  const inactive = detail?.total_inactive_file ?? detail?.inactive_file ?? 0;
  return {
    time: parseDockerTime(stats.read) || now,
    cpuNanoseconds: BigInt(stats.cpu_stats.cpu_usage.total_usage),
    memoryUsageBytes: usage,
    memoryWorkingSetBytes: Math.max(0, usage - inactive),
    pids: stats.pids_stats?.current ?? 0,
  };
}
