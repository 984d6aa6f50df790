/** Health as named checks: `/livez`, `/readyz`, `/healthz`, each check alone, `?verbose` and `?exclude`. */

/** Throws, or answers a text of what is wrong, when unwell. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void>;
}

export interface HealthReport {
  readonly healthy: boolean;
  /** As kube-apiserver prints it. Reasons are withheld: this page is open to anyone. */
  readonly text: string;
  /** For the log. */
  readonly faults: readonly { readonly name: string; readonly error: unknown }[];
}

/** `livez`, `readyz` or `healthz` and perhaps the name of one check below it. */
export function parseHealthPath(path: string): { readonly page: string; readonly check: string } | undefined {
  const match = /^\/(livez|readyz|healthz)(?:\/([a-zA-Z0-9-]*))?$/.exec(path);
  return match === null ? undefined : { page: match[1] ?? '', check: match[2] ?? '' };
}

/** Runs every check that is not excluded, all at once. */
export async function report(
  page: string,
  checks: readonly HealthCheck[],
  options: { readonly verbose: boolean; readonly exclude: readonly string[] },
): Promise<HealthReport> {
  const chosen = checks.filter((check) => !options.exclude.includes(check.name));
  const settled = await Promise.allSettled(chosen.map((check) => check.check()));
  const faults: { name: string; error: unknown }[] = [];
  const lines = settled.map((result, i) => {
    const name = chosen[i]?.name ?? '';
    if (result.status === 'fulfilled') return `[+]${name} ok`;
    faults.push({ name, error: result.reason });
    return `[-]${name} failed: reason withheld`;
  });
  for (const check of checks) if (options.exclude.includes(check.name)) lines.push(`[+]${check.name} excluded: ok`);
  const unknown = options.exclude.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length > 0)
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${unknown.map((one) => JSON.stringify(one)).join(',')}`,
    );
  if (faults.length > 0) return { healthy: false, text: `${lines.join('\n')}\n${page} check failed\n`, faults };
  return { healthy: true, text: options.verbose ? `${lines.join('\n')}\n${page} check passed\n` : 'ok', faults };
}
