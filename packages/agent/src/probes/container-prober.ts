/** Probes one running container instance until it is told to stop. */
import type { Clock, Container, Pod, Probe, Random, Timer } from '@skiff/api';
import type { EventRecorder } from '@skiff/client';
import { DeadlineExceeded, withDeadline } from '../async/deadline.ts';
import type { ContainerHealth } from '../pods/facts.ts';
import { fieldPathOf } from '../pods/spec.ts';
import { ask, type Target } from './handler.ts';
import { initialState, nextState, type Outcome, type ProbeKind, type ProbeState } from './machine.ts';
import type { ProbeTally } from './tally.ts';

export interface ProberDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventRecorder;
  readonly tally: Pick<ProbeTally, 'add'>;
  /** The container's health has changed. */
  readonly onChange: () => void;
}

export interface ProberOptions {
  readonly pod: () => Pod;
  readonly target: Target;
  readonly startedAt: number;
  /** The container ran before this agent did: probes wait a random part of their period, and what was known carries on. */
  readonly adopted?: { readonly started: boolean; readonly ready: boolean };
}

interface Line {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  state: ProbeState;
  timer: Timer | undefined;
}

export class ContainerProber {
  readonly #deps: ProberDeps;
  readonly #options: ProberOptions;
  readonly #lines: readonly Line[];
  readonly #stopped = new AbortController();

  constructor(deps: ProberDeps, options: ProberOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#lines = linesOf(options.target.container, options.adopted);
    for (const line of this.#lines) if (!isOver(line)) this.#schedule(line, this.#firstDelay(line));
  }

  get health(): ContainerHealth {
    const of = (kind: ProbeKind): Line | undefined => this.#lines.find((line) => line.kind === kind);
    const startup = of('startup');
    const liveness = of('liveness');
    const readiness = of('readiness');
    const started = startup === undefined || startup.state.result === 'success';
    const ready = started && (readiness === undefined || readiness.state.result === 'success');
    const failed = [startup, liveness].find((line) => line?.state.result === 'failure');
    if (failed === undefined) return { started, ready };
    const seconds = failed.probe.terminationGracePeriodSeconds;
    const probe = failed.kind === 'startup' ? 'startup' : 'liveness';
    return { started, ready, failed: { probe, ...(seconds === undefined ? {} : { graceMs: seconds * 1000 }) } };
  }

  stop(): void {
    this.#stopped.abort(new Error('the probe was stopped'));
    for (const { timer } of this.#lines) timer?.cancel();
  }

  #firstDelay({ probe }: Line): number {
    const { clock, random } = this.#deps;
    const { startedAt, adopted } = this.#options;
    const due = startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    const jitter = adopted === undefined ? 0 : random() * periodMs(probe);
    return Math.max(0, due) + jitter;
  }

  #schedule(line: Line, delayMs: number): void {
    if (this.#stopped.signal.aborted) return;
    line.timer = this.#deps.clock.after(delayMs, () => void this.#tick(line));
  }

  async #tick(line: Line): Promise<void> {
    if (this.#mayProbe(line)) {
      const before = JSON.stringify(this.health);
      const outcome = await this.#probe(line);
      if (this.#stopped.signal.aborted) return;
      this.#deps.tally.add(this.#options.pod(), this.#options.target.container.name, line.kind, outcome);
      line.state = nextState(line.state, outcome, {
        successThreshold: line.probe.successThreshold ?? 1,
        failureThreshold: line.probe.failureThreshold ?? 3,
      });
      if (JSON.stringify(this.health) !== before) this.#deps.onChange();
    }
    if (!isOver(line)) this.#schedule(line, periodMs(line.probe));
  }

  /** Liveness and readiness wait for startup; a pod that is being deleted is no longer judged alive or dead. */
  #mayProbe({ kind }: Line): boolean {
    if (kind !== 'readiness' && this.#options.pod().metadata.deletionTimestamp !== undefined) return false;
    return kind === 'startup' || this.health.started;
  }

  async #probe(line: Line): Promise<Outcome> {
    const { clock, events } = this.#deps;
    const timeoutMs = (line.probe.timeoutSeconds ?? 1) * 1000;
    const name = line.kind[0]?.toUpperCase() + line.kind.slice(1);
    const tell = (message: string): void => {
      const pod = this.#options.pod();
      const path = fieldPathOf(pod, this.#options.target.container.name);
      events.event(pod, 'Warning', 'Unhealthy', `${name} probe ${message}`, path);
    };
    try {
      const run = (signal: AbortSignal) => ask(line.probe, this.#options.target, signal);
      const answer = await withDeadline(clock, timeoutMs, run, this.#stopped.signal);
      if (answer.ok) return 'success';
      tell(`failed: ${answer.output}`);
      return 'failure';
    } catch (error) {
      if (this.#stopped.signal.aborted) return 'unknown';
      if (error instanceof DeadlineExceeded) {
        tell(`failed: ${describeTimeout(line.probe, timeoutMs)}`);
        return 'failure';
      }
      tell(`errored: ${error instanceof Error ? error.message : String(error)}`);
      return 'unknown';
    }
  }
}

const periodMs = (probe: Probe): number => (probe.periodSeconds ?? 10) * 1000;

/** A startup probe that passed is never asked again; a container found dead waits to be killed. */
const isOver = ({ kind, state }: Line): boolean =>
  (kind === 'startup' && state.result !== 'undecided') || (kind === 'liveness' && state.result === 'failure');

function describeTimeout({ exec }: Probe, timeoutMs: number): string {
  if (exec === undefined) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  return `command timed out: "${(exec.command ?? []).join(' ')}" timed out after ${timeoutMs / 1000}s`;
}

function linesOf(container: Container, adopted: ProberOptions['adopted']): Line[] {
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const line = (kind: ProbeKind, probe: Probe | undefined): Line[] =>
    probe === undefined ? [] : [{ kind, probe, state: startState(kind, adopted), timer: undefined }];
  return [...line('startup', startupProbe), ...line('liveness', livenessProbe), ...line('readiness', readinessProbe)];
}

function startState(kind: ProbeKind, adopted: ProberOptions['adopted']): ProbeState {
  const state = initialState(kind);
  const known = kind === 'startup' ? adopted?.started === true : kind === 'readiness' && adopted?.ready === true;
  return known ? { ...state, result: 'success' } : state;
}

/** True when the container has any probe. */
export const hasProbes = ({ startupProbe, livenessProbe, readinessProbe }: Container): boolean =>
  (startupProbe ?? livenessProbe ?? readinessProbe) !== undefined;
