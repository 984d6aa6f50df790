/** A node in miniature: carries out what is planned for one pod, step by step, while things happen to it. */
import type { Pod, PodStatus } from '@skiff/api';
import type { ContainerStatus } from '../../runtime/contract.ts';
import { generateStatus } from '../../status/generate.ts';
import { podActions } from '../actions.ts';
import { type Action, type ContainerHealth, type PodFacts, type Setback, type Target, targetOf } from '../facts.ts';
import { busyOf } from '../record.ts';
import { findDeclared } from '../spec.ts';
import { image, instance, sandbox, startMs } from './facts.ts';

export type Happening =
  | { readonly type: 'finish'; readonly which: number; readonly fails: boolean }
  | { readonly type: 'die'; readonly which: number; readonly exitCode: number }
  | { readonly type: 'sandboxDies' | 'delete' | 'agentRestarts' | 'imageChanges' }
  | { readonly type: 'time'; readonly ms: number }
  | { readonly type: 'unhealthy'; readonly which: number };

export class World {
  now = startMs;
  pod: Pod;
  containers: ContainerStatus[] = [];
  readonly busy = new Map<Target, Action>();
  readonly begun: { readonly action: Action; readonly facts: PodFacts }[] = [];
  status: PodStatus | undefined;
  gone = false;
  #presence: PodFacts['presence'] = 'wanted';
  #volumes: PodFacts['volumes'] = 'absent';
  #network: PodFacts['network'];
  readonly #setbacks = new Map<Target, Setback>();
  readonly #replaced = new Set<string>();
  readonly #preStopped = new Set<string>();
  readonly #unhealthy = new Set<string>();
  #stopBy: number | undefined;

  constructor(pod: Pod) {
    this.pod = pod;
  }

  facts(): PodFacts {
    const running = this.containers.filter(({ role, state }) => role === 'container' && state === 'running');
    return {
      pod: this.pod,
      now: this.now,
      presence: this.#presence,
      ...(this.#stopBy === undefined ? {} : { stopBy: this.#stopBy }),
      volumes: this.#volumes,
      ...(this.#network === undefined ? {} : { network: this.#network }),
      containers: [...this.containers],
      health: new Map(running.map(({ id }) => [id, this.#healthOf(id)])),
      lastWords: new Map(),
      replaced: new Set(this.#replaced),
      preStopped: new Set(this.#preStopped),
      setbacks: new Map(this.#setbacks),
      busy: new Map([...this.busy].map(([target, action]) => [target, busyOf(action)])),
      statusReported: true,
    };
  }

  #healthOf(id: string): ContainerHealth {
    if (!this.#unhealthy.has(id)) return { started: true, ready: true };
    return { started: true, ready: false, failed: { probe: 'liveness' } };
  }

  /** One look: status, then the beginning of what is planned. */
  look(): void {
    const facts = this.facts();
    this.status = generateStatus({ facts, hostIPs: ['10.0.0.1'], previous: this.status });
    this.pod = { ...this.pod, status: this.status };
    for (const action of podActions(facts).actions) {
      const target = targetOf(action);
      if (action.type === 'cancel') this.busy.delete(action.target);
      else if (!this.busy.has(target) || action.type === 'killContainer') {
        this.begun.push({ action, facts });
        this.busy.set(target, action);
      }
    }
  }

  happen(event: Happening): void {
    switch (event.type) {
      case 'finish': {
        const [target, action] = [...this.busy][event.which % Math.max(1, this.busy.size)] ?? [];
        if (target !== undefined && action !== undefined) this.#finish(target, action, event.fails);
        return;
      }
      case 'die': {
        const running = this.#running();
        const one = running[event.which % Math.max(1, running.length)];
        if (one !== undefined) this.#end(one.id, event.exitCode);
        return;
      }
      case 'unhealthy': {
        const running = this.#running();
        const one = running[event.which % Math.max(1, running.length)];
        if (one !== undefined) this.#unhealthy.add(one.id);
        return;
      }
      case 'sandboxDies':
        for (const { id, role } of this.containers) if (role === 'sandbox') this.#end(id, 137);
        return;
      case 'delete':
        if (this.#presence !== 'wanted') return;
        this.#presence = 'deleting';
        this.#stopBy = this.now + 30_000;
        this.pod = { ...this.pod, metadata: { ...this.pod.metadata, deletionTimestamp: '2026-01-02T03:05:00Z' } };
        return;
      case 'agentRestarts':
        this.busy.clear();
        this.#setbacks.clear();
        this.#replaced.clear();
        this.#unhealthy.clear();
        this.#network = undefined;
        this.#volumes = this.#volumes === 'absent' ? 'absent' : 'stale';
        return;
      case 'imageChanges': {
        const containers = this.pod.spec.containers.map((one) => ({ ...one, image: `${one.image}x` }));
        this.pod = { ...this.pod, spec: { ...this.pod.spec, containers } };
        return;
      }
      case 'time':
        this.now += event.ms;
        return;
    }
  }

  #running(): ContainerStatus[] {
    return this.containers.filter(({ role, state }) => role === 'container' && state === 'running');
  }

  #change(id: string, part: Partial<ContainerStatus>): void {
    this.containers = this.containers.map((one) => (one.id === id ? { ...one, ...part } : one));
  }

  #end(id: string, exitCode: number): void {
    const found = this.containers.find((one) => one.id === id);
    if (found?.state === 'running') this.#change(id, { state: 'exited', exitCode, finishedAt: this.now, pid: 0 });
  }

  #finish(target: Target, action: Action, fails: boolean): void {
    if (fails) {
      this.busy.delete(target);
      const retryAt = this.now + 1000;
      this.#setbacks.set(target, { action: action.type, reason: 'Fault', message: '', retryAt });
      return;
    }
    // A start has two halves, and the world may change between them.
    if (action.type === 'startContainer' && this.#startHalf(action)) return;
    this.busy.delete(target);
    this.#setbacks.delete(target);
    this.#carryOut(action);
  }

  /** True while the other half is still to come. */
  #startHalf({ name, attempt, sandboxId, backoffMs }: Extract<Action, { type: 'startContainer' }>): boolean {
    const made = this.containers.find((one) => one.name === name && one.attempt === attempt);
    if (made !== undefined) {
      this.#change(made.id, { state: 'running', startedAt: this.now });
      return false;
    }
    const declaredImage = findDeclared(this.pod, name)?.spec.image ?? image;
    const part = { attempt, sandboxId, backoffMs, declaredImage, createdAt: this.now, startedAt: 0, pid: 0 };
    this.containers.push(instance(name, { ...part, state: 'created' }));
    return true;
  }

  #carryOut(action: Action): void {
    switch (action.type) {
      case 'setUpVolumes':
        this.#volumes = 'ready';
        return;
      case 'tearDownVolumes':
        this.#volumes = 'absent';
        return;
      case 'createSandbox':
        this.containers.push(sandbox(action.attempt, { createdAt: this.now, startedAt: this.now }));
        this.#network = { sandboxId: `sandbox-${action.attempt}`, ips: ['10.244.0.5'] };
        return;
      case 'attachNetwork':
        this.#network = { sandboxId: action.sandboxId, ips: ['10.244.0.5'] };
        return;
      case 'removeSandbox':
      case 'removeContainer':
        this.containers = this.containers.filter(({ id }) => id !== action.id);
        return;
      case 'runPreStop':
        this.#preStopped.add(action.id);
        return;
      case 'killContainer':
        if (action.cause === 'changed') this.#replaced.add(action.id);
        this.#end(action.id, 137);
        return;
      case 'deleteFromApi':
        this.#presence = 'gone';
        return;
      case 'forget':
        this.gone = true;
        return;
      case 'startContainer':
      case 'cancel':
        return;
    }
  }

  /** Lets everything succeed and time pass, until nothing is planned any more or `looks` are over. */
  settle(looks = 200): void {
    for (let i = 0; i < looks && !this.gone; i += 1) {
      this.look();
      if (this.busy.size === 0) this.happen({ type: 'time', ms: 30_000 });
      else this.happen({ type: 'finish', which: 0, fails: false });
    }
  }
}
