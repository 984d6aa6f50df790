/** Makes the Docker keeper: asks the engine once which API it speaks, and pins that. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@skiff/api';
import type { Runtime } from '../contract.ts';
import { DockerAdapter } from './adapter.ts';
import type { HostLimits } from './container.ts';
import { DockerRuntime } from './runtime.ts';

export interface DockerRuntimeHandle {
  readonly runtime: Runtime;
  close(): void;
}

/** The API this keeper was written to: Debian 12's engine. A newer engine is asked in these words. */
const writtenFor = '1.41';

/** Throws RuntimeError `unavailable` while the engine does not answer. */
export async function createDockerRuntime(socketPath: string, clock: Clock): Promise<DockerRuntimeHandle> {
  const first = new DockerAdapter(socketPath, clock);
  const { ApiVersion, MinAPIVersion } = await first.version().finally(() => first.close());
  const version = pickApiVersion(ApiVersion, MinAPIVersion);
  const adapter = new DockerAdapter(socketPath, clock, `v${version}`);
  const runtime = new DockerRuntime(adapter, clock, await readHostLimits());
  return { runtime, close: () => adapter.close() };
}

/** Ours when the engine still speaks it, else the nearest it does. Pure. */
export function pickApiVersion(newest: string, oldest: string | undefined): string {
  if (compare(newest, writtenFor) < 0) return newest;
  return oldest !== undefined && compare(oldest, writtenFor) > 0 ? oldest : writtenFor;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

const capSysResource = 24n;

/** Engine and agent live in the same host: what the agent's bounding set lacks, the engine's containers lack too. */
async function readHostLimits(): Promise<HostLimits> {
  const status = await readFile('/proc/self/status', 'utf8');
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (bounding === undefined || (BigInt(`0x${bounding}`) >> capSysResource) & 1n) return { minOomScoreAdj: -1000 };
  return { minOomScoreAdj: Number((await readFile('/proc/self/oom_score_adj', 'utf8')).trim()) };
}
