/** What a REST caller shows of itself: certificate, bearer token, whom to act as. */
import type { X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { badRequest } from '@skiff/api';
import type { Credentials } from '../chain/authenticate.ts';
import type { Impersonation } from '../chain/impersonate.ts';

/** The certificate of a connection, read once. HTTP/2 carries many requests over one. */
export function certificateReader(): (
  connection: object,
  socket: Pick<TLSSocket, 'getPeerX509Certificate'>,
) => X509Certificate | undefined {
  const known = new WeakMap<object, { readonly certificate: X509Certificate | undefined }>();
  return (connection, socket) => {
    const seen = known.get(connection);
    if (seen !== undefined) return seen.certificate;
    const certificate = socket.getPeerX509Certificate() ?? undefined;
    known.set(connection, { certificate });
    return certificate;
  };
}

const text = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];

export const credentialsOf = (headers: IncomingHttpHeaders, certificate: X509Certificate | undefined): Credentials => ({
  certificate,
  authorization: text(headers.authorization),
});

const extraPrefix = 'impersonate-extra-';

/** The values of a header that came several times. Node joins those of unknown names with a comma, so the raw list is read. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  return values;
}

/** Whom the caller wants to act as, or undefined. Throws ApiError BadRequest for an extra key that does not decode. */
export function impersonationOf(rawHeaders: readonly string[]): Impersonation | undefined {
  const extra: Record<string, string[]> = Object.create(null);
  let asked = false;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    asked ||= name.startsWith('impersonate-');
    if (!name.startsWith(extraPrefix)) continue;
    const key = decodeKey(name.slice(extraPrefix.length));
    extra[key] = [...(extra[key] ?? []), rawHeaders[i + 1] ?? ''];
  }
  if (!asked) return undefined;
  return {
    user: valuesOf(rawHeaders, 'impersonate-user')[0] ?? '',
    uid: valuesOf(rawHeaders, 'impersonate-uid')[0] ?? '',
    groups: valuesOf(rawHeaders, 'impersonate-group'),
    extra,
  };
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    throw badRequest('an impersonation header has a malformed key');
  }
}
