/** Families of samples as Prometheus' text (exposition format 0.0.4). Pure. */

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch: when it was measured, if not now. */
  readonly timeMs?: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}

/** Families without samples are left out. */
export const exposition = (families: readonly Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`,
        `# TYPE ${name} ${type}\n`,
        ...samples.map((sample) => `${name}${lineOf(sample)}\n`),
      ].join(''),
    )
    .join('');

function lineOf({ labels, value, timeMs }: MetricSample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  const time = timeMs === undefined ? '' : ` ${Math.round(timeMs)}`;
  return `${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberOf(value)}${time}`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const numberOf = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';

const nanosecondsPerSecond = 1e9;

export const cpuSeconds = (nanoseconds: bigint): number => Number(nanoseconds) / nanosecondsPerSecond;
