/** What the pages about use are made from: one look at the host and at everything that runs on it. Plain data. */
import type { HostSample } from '../link/usage.ts';
import type { ContainerStats, ContainerStatus } from '../runtime/contract.ts';

export interface SeenContainer {
  readonly status: ContainerStatus;
  readonly sample: ContainerStats;
  /** Its control group, as the host names it. */
  readonly cgroup: string;
}

/** Counters of one network device since it was made. */
export interface DeviceCounters {
  readonly device: string;
  readonly receive: Traffic;
  readonly transmit: Traffic;
}

export interface Traffic {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** A sandbox with a network of its own. */
export interface SeenSandbox {
  readonly status: ContainerStatus;
  readonly cgroup: string;
  readonly devices: readonly DeviceCounters[];
}

export interface Sight {
  readonly nowMs: number;
  readonly cpus: number;
  readonly host: HostSample;
  readonly containers: readonly SeenContainer[];
  readonly sandboxes: readonly SeenSandbox[];
}
