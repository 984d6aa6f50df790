/** Credentials for a registry, out of image pull Secrets. Pure. */
import type { Secret } from '@skiff/api';
import type { RegistryAuth } from '../runtime/contract.ts';
import type { ImageReference } from './image-reference.ts';

interface AuthEntry {
  readonly auth?: unknown;
  readonly username?: unknown;
  readonly password?: unknown;
  readonly identitytoken?: unknown;
}

const dockerHub = 'index.docker.io';

/** Every credential that fits the image, in the order of the Secrets; damaged Secrets are passed over. */
export function registryAuths(reference: ImageReference, secrets: readonly Secret[]): readonly RegistryAuth[] {
  const host = reference.registry === '' || reference.registry === 'docker.io' ? dockerHub : reference.registry;
  return secrets.flatMap((secret) =>
    Object.entries(authEntries(secret))
      .filter(([server]) => matches(server, host, reference.repository))
      .flatMap(([server, entry]) => toAuth(server, entry)),
  );
}

function authEntries(secret: Secret): Record<string, AuthEntry> {
  const wrapped = secret.data?.['.dockerconfigjson'];
  const bare = secret.data?.['.dockercfg'];
  const parsed = parseJson(wrapped ?? bare);
  const entries = wrapped === undefined ? parsed : (parsed as { auths?: unknown } | undefined)?.auths;
  return typeof entries === 'object' && entries !== null ? (entries as Record<string, AuthEntry>) : {};
}

function parseJson(base64: string | undefined): unknown {
  if (base64 === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** `server` may carry a scheme and a path; a path must begin the repository. */
function matches(server: string, host: string, repository: string): boolean {
  const bare = server.replace(/^https?:\/\//, '');
  const [name = '', ...path] = bare.split('/');
  if (name !== host && !(host === dockerHub && name === 'docker.io')) return false;
  const prefix = path.filter((part) => part !== '' && part !== 'v1' && part !== 'v2').join('/');
  return prefix === '' || repository === prefix || repository.startsWith(`${prefix}/`);
}

function toAuth(serverAddress: string, entry: AuthEntry | null): RegistryAuth[] {
  if (typeof entry !== 'object' || entry === null) return [];
  if (typeof entry.identitytoken === 'string') return [{ serverAddress, identityToken: entry.identitytoken }];
  if (typeof entry.username === 'string' && typeof entry.password === 'string') {
    return [{ serverAddress, username: entry.username, password: entry.password }];
  }
  if (typeof entry.auth !== 'string') return [];
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return [];
  return [{ serverAddress, username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }];
}
