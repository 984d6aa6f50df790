/** Reads kubeconfig files as kubectl does: `--kubeconfig`, else `$KUBECONFIG` (a list; the first to define a name wins), else `.skiff/kubeconfig`. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

interface Named<K extends string, T> {
  readonly name: string;
  readonly entry: T;
  readonly key: K;
}

interface ClusterEntry {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly extensions?: readonly { readonly name?: string; readonly extension?: { readonly address?: string } }[];
}

interface UserEntry {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

interface ContextEntry {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

interface KubeconfigFile {
  readonly clusters?: readonly { name: string; cluster: ClusterEntry }[];
  readonly users?: readonly { name: string; user: UserEntry }[];
  readonly contexts?: readonly { name: string; context: ContextEntry }[];
  readonly 'current-context'?: string;
}

/** Where to connect, and as whom. PEM texts. */
export interface Connection {
  readonly address: string;
  readonly namespace: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

/** Throws with the file's name on a file that cannot be read, and with what is missing otherwise. */
export async function readConnection(files: readonly string[], contextName: string | undefined): Promise<Connection> {
  const loaded = await Promise.all(files.map(load));
  const wanted =
    contextName ??
    loaded.map(({ config }) => config['current-context']).find((name) => name !== undefined && name !== '');
  if (wanted === undefined) throw new Error(`${files.join(', ')}: no current-context; name one with --context`);
  const context = find(loaded, 'context', wanted, (config) =>
    config.contexts?.map(({ name, context: entry }) => ({ name, entry, key: 'context' })),
  );
  const cluster = find(loaded, 'cluster', context.entry.cluster ?? '', (config) =>
    config.clusters?.map(({ name, cluster: entry }) => ({ name, entry, key: 'cluster' })),
  );
  const user = find(loaded, 'user', context.entry.user ?? '', (config) =>
    config.users?.map(({ name, user: entry }) => ({ name, entry, key: 'user' })),
  );
  return {
    address: grpcAddressOf(cluster.entry),
    namespace: context.entry.namespace ?? 'default',
    ca: await material(
      cluster.file,
      cluster.entry['certificate-authority-data'],
      cluster.entry['certificate-authority'],
    ),
    cert: await material(user.file, user.entry['client-certificate-data'], user.entry['client-certificate']),
    key: await material(user.file, user.entry['client-key-data'], user.entry['client-key']),
    token: user.entry.token ?? (await material(user.file, undefined, user.entry.tokenFile))?.trim(),
  };
}

/** The cluster's own `skiff.io/grpc` extension, else the gRPC door's usual port on the REST door's host. */
export function grpcAddressOf(cluster: ClusterEntry): string {
  const named = cluster.extensions?.find(({ name }) => name === 'skiff.io/grpc')?.extension?.address;
  if (named !== undefined) return named;
  if (cluster.server === undefined) throw new Error('the kubeconfig’s cluster names no server');
  return `${new URL(cluster.server).hostname}:7443`;
}

/** JSON is YAML. It is what Skiff writes, and needs no reader of YAML, which would take a fifth of a small command's time to load. */
async function parse(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const yaml = await import('yaml');
    return yaml.parse(text);
  }
}

interface Loaded {
  readonly file: string;
  readonly config: KubeconfigFile;
}

async function load(file: string): Promise<Loaded> {
  try {
    return { file, config: checked(await parse(await readFile(file, 'utf8'))) };
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const lists = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;

/** Throws for what is no kubeconfig; an empty file is one that names nothing. */
function checked(value: unknown): KubeconfigFile {
  const config = value ?? {};
  if (!isMap(config)) throw new Error('it is no kubeconfig');
  for (const [list, of] of Object.entries(lists)) {
    const entries = config[list] ?? [];
    const isEntry = (entry: unknown): boolean => isMap(entry) && typeof entry.name === 'string' && isMap(entry[of]);
    if (!Array.isArray(entries) || !entries.every(isEntry)) throw new Error(`its ${list} are no list of named ${list}`);
  }
  return config;
}

function find<K extends string, T>(
  loaded: readonly Loaded[],
  what: K,
  name: string,
  entries: (config: KubeconfigFile) => Named<K, T>[] | undefined,
): { file: string; entry: T } {
  for (const { file, config } of loaded) {
    const found = entries(config)?.find((entry) => entry.name === name);
    if (found !== undefined) return { file, entry: found.entry };
  }
  throw new Error(`the kubeconfig has no ${what} named "${name}"`);
}

async function material(file: string, data: string | undefined, path: string | undefined): Promise<string | undefined> {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return path === undefined ? undefined : readFile(resolve(dirname(file), path), 'utf8');
}
