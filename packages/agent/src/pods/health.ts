/** How a pod's running containers are: keeps a prober for each that has probes. */
import type { Pod } from '@skiff/api';
import { ContainerProber, hasProbes, type ProberDeps } from '../probes/container-prober.ts';
import type { Target } from '../probes/handler.ts';
import type { ProbeTally } from '../probes/tally.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import type { Target as ActionTarget, Busy, ContainerHealth } from './facts.ts';
import type { PodRecord } from './record.ts';
import { type DeclaredContainer, findDeclared } from './spec.ts';

export interface PodHealthDeps extends Omit<ProberDeps, 'onChange' | 'tally'> {
  readonly tally: ProbeTally;
  readonly onChange: (podUid: string) => void;
  readonly targetOf: (record: PodRecord, declared: DeclaredContainer, containerId: string) => Target;
}

const well: ContainerHealth = { started: true, ready: true };
/** Its postStart hook still runs. */
const starting: ContainerHealth = { started: false, ready: false };

export class PodHealth {
  readonly #deps: PodHealthDeps;
  readonly #probers = new Map<string, { readonly podUid: string; readonly prober: ContainerProber }>();

  constructor(deps: PodHealthDeps) {
    this.#deps = deps;
  }

  /** Health of each running container; starts probing those seen first and stops for those that are gone. */
  of(
    record: PodRecord,
    containers: readonly ContainerStatus[],
    busy: ReadonlyMap<ActionTarget, Busy>,
  ): ReadonlyMap<string, ContainerHealth> {
    const { uid } = record.pod.metadata;
    const running = containers.filter(({ role, state }) => role === 'container' && state === 'running');
    const ids = new Set(running.map(({ id }) => id));
    for (const [id, { podUid, prober }] of this.#probers) {
      if (podUid !== uid || ids.has(id)) continue;
      prober.stop();
      this.#probers.delete(id);
    }
    return new Map(running.map((container) => [container.id, this.#healthOf(record, container, busy)]));
  }

  forget(podUid: string): void {
    this.#deps.tally.forget(podUid);
    for (const [id, one] of this.#probers) {
      if (one.podUid !== podUid) continue;
      one.prober.stop();
      this.#probers.delete(id);
    }
  }

  stopAll(): void {
    for (const { prober } of this.#probers.values()) prober.stop();
    this.#probers.clear();
  }

  #healthOf(record: PodRecord, container: ContainerStatus, busy: ReadonlyMap<ActionTarget, Busy>): ContainerHealth {
    if (busy.get(container.name)?.action === 'startContainer') return starting;
    const declared = findDeclared(record.pod, container.name);
    if (declared === undefined || !hasProbes(declared.spec)) return well;
    const known = this.#probers.get(container.id);
    if (known !== undefined) return known.prober.health;
    // Without an address there is nobody to ask yet: after an agent's restart the network comes first.
    const target = this.#deps.targetOf(record, declared, container.id);
    const adopted = record.adopted.has(container.id) ? lastSaid(record.pod, container) : undefined;
    if (target.ip === '') return adopted ?? starting;
    const { uid } = record.pod.metadata;
    const prober = new ContainerProber(
      { ...this.#deps, onChange: () => this.#deps.onChange(uid) },
      {
        pod: () => record.pod,
        target,
        startedAt: container.startedAt,
        ...(adopted === undefined ? {} : { adopted }),
      },
    );
    this.#probers.set(container.id, { podUid: uid, prober });
    return prober.health;
  }
}

/** What the API last heard of this very container. */
function lastSaid(pod: Pod, { id }: ContainerStatus): { readonly started: boolean; readonly ready: boolean } {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses].find(
    ({ containerID }) => containerID === `docker://${id}`,
  );
  return { started: status?.started === true, ready: status?.ready === true };
}
