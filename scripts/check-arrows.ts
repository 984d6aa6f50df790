/**
 * Fails when the house's rules about who may know whom are broken: packages that import against the arrows, outside
 * libraries away from their home, import cycles, and clocks, timers or randomness in places that must be handed theirs.
 * The rules are the tables at the top; docs/architecture.md says why they are so.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each package's own code may import of the others (`@skiff/` left out). Tests of a package may use `testing` exports too. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  api: [],
  client: ['api', 'api/wire'],
  apiserver: [
    ...['api', 'api/json', 'api/kinds', 'api/quota', 'api/validation'],
    ...['api/wire', 'api/wire/server', 'api/yaml'],
  ],
  scheduler: ['api', 'client'],
  controller: ['api', 'api/kinds', 'api/quota', 'client'],
  agent: ['api', 'api/quota', 'api/wire', 'client', 'client/connect'],
  cli: [
    ...['api', 'api/kinds', 'api/wire', 'api/yaml', 'client', 'client/connect'],
    ...['apiserver', 'scheduler', 'controller', 'agent', 'agent/sim'],
  ],
};

/** Outside libraries that have one home each: path prefixes that may import them. */
const homes: readonly { readonly library: RegExp; readonly homes: readonly string[] }[] = [
  { library: /^etcd3$/, homes: ['packages/apiserver/src/storage/etcd/'] },
  { library: /^(dockerode|docker-modem)$/, homes: ['packages/agent/src/runtime/docker/'] },
  {
    library: /^(@grpc\/|grpc-health-check)/,
    homes: [
      'packages/api/src/wire/',
      'packages/client/src/transport/',
      'packages/apiserver/src/grpc/',
      'packages/apiserver/src/storage/etcd/',
      'packages/apiserver/src/link/',
      'packages/agent/src/link/',
    ],
  },
  { library: /^pino$/, homes: ['packages/cli/src/commands/component.ts'] },
];

/** Time, chance and the environment come in as arguments everywhere but here. */
const shells = [
  /\/main\.ts$/,
  /^packages\/cli\//,
  /^packages\/api\/src\/algebra\/clock\.ts$/,
  /\.test\.ts$/,
  /\/testing\//,
  /\/testing\.ts$/,
  /\/suite\.ts$/,
  /^packages\/[a-z]+\/scripts\//,
];
const forbidden: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /\bDate\.now\(/, name: 'Date.now()' },
  { pattern: /\bnew Date\(\)/, name: 'new Date()' },
  { pattern: /\bMath\.random\(/, name: 'Math.random()' },
  { pattern: /(?<![\w.#])(setTimeout|setInterval)\(/, name: 'a timer' },
  { pattern: /\bprocess\.env\b/, name: 'process.env' },
  { pattern: /\bperformance\.now\(/, name: 'performance.now()' },
];

interface Source {
  readonly path: string;
  readonly text: string;
  /** Specifiers of imports that exist at run time, and of those that are types only. */
  readonly imports: readonly { readonly from: string; readonly typeOnly: boolean }[];
}

const importPattern = /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/g;
const dynamicPattern = /\bimport\('([^']+)'\)/g;

function readSources(): Source[] {
  const paths = globSync('packages/*/{src,scripts}/**/*.ts', { cwd: root }).sort();
  return paths.map((path) => {
    const text = readFileSync(resolve(root, path), 'utf8');
    const fixed = [...text.matchAll(importPattern)].map((match) => ({
      from: match[3] ?? '',
      typeOnly: match[2] !== undefined,
    }));
    const dynamic = [...text.matchAll(dynamicPattern)].map((match) => ({ from: match[1] ?? '', typeOnly: false }));
    return { path, text, imports: [...fixed, ...dynamic] };
  });
}

function arrowFaults({ path, imports }: Source): string[] {
  const own = path.split('/')[1] ?? '';
  const isTest = path.endsWith('.test.ts') || path.includes('/testing');
  return imports
    .filter(({ from }) => from.startsWith('@skiff/'))
    .map(({ from }) => from.slice('@skiff/'.length))
    .filter((target) => !(arrows[own] ?? []).includes(target) && !(isTest && testMay(own, target)))
    .map((target) => `${path}: ${own} must not import ${target}`);
}

const testMay = (own: string, target: string): boolean =>
  target === 'client/testing' ||
  target === 'api/testing' ||
  (own === 'client' && target.startsWith('api/')) ||
  (own === 'apiserver' && (target === 'client' || target === 'client/connect')) ||
  target === own;

function homeFaults({ path, imports }: Source): string[] {
  if (path.endsWith('.test.ts') || path.includes('/testing/')) return [];
  return imports.flatMap(({ from, typeOnly }) =>
    homes
      .filter(
        ({ library, homes: allowed }) =>
          library.test(from) && !typeOnly && !allowed.some((home) => path.startsWith(home)),
      )
      .map(() => `${path}: ${from} has another home`),
  );
}

function escapeFaults({ path, imports }: Source): string[] {
  const own = path.split('/').slice(0, 2).join('/');
  return imports
    .filter(({ from }) => from.startsWith('.') && !resolve('/', dirname(path), from).startsWith(`/${own}/`))
    .map(({ from }) => `${path}: ${from} reaches into another package`);
}

function shellFaults({ path, text }: Source): string[] {
  if (shells.some((shell) => shell.test(path))) return [];
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/\/\/.*$/gm, '');
  return code
    .split('\n')
    .flatMap((line, index) =>
      forbidden
        .filter(({ pattern }) => pattern.test(line))
        .map(({ name }) => `${path}:${index + 1}: ${name} in code that must be handed it`),
    );
}

/** Cycles among the files of one package, by the imports that exist at run time. */
function cycleFaults(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.imports
        .filter(({ from, typeOnly }) => from.startsWith('.') && !typeOnly)
        .map(({ from }) => resolve('/', dirname(source.path), from).slice(1)),
    ]),
  );
  const done = new Set<string>();
  const faults: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    const at = trail.indexOf(path);
    if (at >= 0) {
      faults.push(`import cycle: ${[...trail.slice(at), path].join(' -> ')}`);
      return;
    }
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return faults;
}

const sources = readSources();
const faults = [
  ...sources.flatMap((source) => [
    ...arrowFaults(source),
    ...homeFaults(source),
    ...escapeFaults(source),
    ...shellFaults(source),
  ]),
  ...cycleFaults(sources),
];
for (const fault of faults) console.error(fault);
console.log(`${sources.length} files, ${faults.length} faults`);
if (faults.length > 0) process.exitCode = 1;
