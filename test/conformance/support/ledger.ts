/** The ledger: which behaviours Kubernetes' users may count on, and which of them the tests have shown. Pure. */
export interface Line {
  readonly id: string;
  readonly area: string;
  readonly needs: string;
  readonly behaviour: string;
}

export type Verdict = 'passed' | 'failed' | 'not written';

/** What vitest's JSON reporter writes, as far as it is read here. */
export interface Results {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Lines of `ledger.tsv`. Throws on a line that is none, and on an id that comes twice. */
export function parseLedger(text: string): Line[] {
  const [, ...rows] = text.trimEnd().split('\n');
  const seen = new Set<string>();
  return rows.map((row) => {
    const [id = '', area = '', needs = '', behaviour = '', ...rest] = row.split('\t');
    if (!isId(id) || behaviour === '' || rest.length > 0) throw new Error(`not a line of the ledger: ${row}`);
    if (seen.has(id)) throw new Error(`${id} is twice in the ledger`);
    seen.add(id);
    return { id, area, needs, behaviour };
  });
}

const isId = (word: string): boolean => /^C\d{3}$/.test(word);

/** A verdict for every line. A test's title begins with its id. Throws on a test of no line. */
export function judge(lines: readonly Line[], results: Results): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>(lines.map(({ id }) => [id, 'not written']));
  for (const { title, status } of results.testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const [id = ''] = title.split(' ');
    if (!isId(id)) continue;
    const before = verdicts.get(id);
    if (before === undefined) throw new Error(`no line of the ledger: ${title}`);
    verdicts.set(id, status === 'passed' && before !== 'failed' ? 'passed' : 'failed');
  }
  return verdicts;
}

/** A table of areas, and the lines that do not hold. */
export function report(lines: readonly Line[], verdicts: ReadonlyMap<string, Verdict>): string {
  const count = (of: readonly Line[], verdict: Verdict): number =>
    of.filter(({ id }) => verdicts.get(id) === verdict).length;
  const row = (name: string, of: readonly Line[]): string =>
    [name.padEnd(16), ...columns.map((verdict) => String(count(of, verdict)).padStart(verdict.length))].join('  ');
  const areas = [...new Set(lines.map(({ area }) => area))];
  const open = lines.filter(({ id }) => verdicts.get(id) !== 'passed');
  return [
    ['area'.padEnd(16), ...columns].join('  '),
    ...areas.map((area) =>
      row(
        area,
        lines.filter((line) => line.area === area),
      ),
    ),
    row('all', lines),
    ...open.map(({ id, behaviour }) => `${verdicts.get(id)}: ${id} ${behaviour}`),
  ].join('\n');
}

const columns: readonly Verdict[] = ['passed', 'failed', 'not written'];
