/** What a command loads is most of what it costs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'skiff-loads-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Writes the address of every module that is loaded, and leaves what the command says out. */
const listLoads = `
import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) { writeSync(3, url + '\\n'); return next(url, context); } });`;

/** Outside packages by name, our own by their folder; sorted, each once. */
function loadedBy(...args: string[]): string[] {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const hook = `data:text/javascript,${encodeURIComponent(listLoads)}`;
  const { output } = spawnSync(process.execPath, ['--import', hook, main, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const places = (output[3] ?? '')
    .split('\n')
    .map(
      (url) =>
        (/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? /packages\/(\w+\/src\/(?:\w+|main|index))/.exec(url))?.[1],
    );
  return [...new Set(places)].filter((place) => place !== undefined).sort();
}

/** Of a server that nobody is. */
const kubeconfig = join(dir, 'kubeconfig');
const cluster = {
  server: 'https://127.0.0.1:1',
  extensions: [{ name: 'skiff.io/grpc', extension: { address: '127.0.0.1:1' } }],
};
writeFileSync(
  kubeconfig,
  JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }),
);

test('get loads what it needs: no YAML, no protobuf library, no logger, nothing that checks documents', () => {
  expect(loadedBy('get', 'pods', '--kubeconfig', kubeconfig)).toEqual([
    ...['@grpc/grpc-js', '@js-sdsl/ordered-map'],
    ...['api/src/algebra', 'api/src/errors', 'api/src/index', 'api/src/kinds', 'api/src/object', 'api/src/schema'],
    'api/src/wire',
    ...['cli/src/commands', 'cli/src/kubeconfig', 'cli/src/local', 'cli/src/main', 'cli/src/objects', 'cli/src/output'],
    'client/src/transport',
    'commander',
  ]);
});

test('help loads the commands and none of the parts that they run', () => {
  expect(loadedBy('--help')).toEqual([
    ...['api/src/algebra', 'api/src/errors', 'api/src/index', 'api/src/kinds', 'api/src/object', 'api/src/schema'],
    ...['cli/src/commands', 'cli/src/kubeconfig', 'cli/src/local', 'cli/src/main', 'cli/src/objects', 'cli/src/output'],
    'commander',
  ]);
});
