/** The name in the path of a proxy request: `name`, `name:port` or `scheme:name:port` (apimachinery's SplitSchemeNamePort), and the addresses it may lead to. Pure. */
import { isIP } from 'node:net';
import { type ApiError, badRequest } from '@skiff/api';

export interface ProxyId {
  readonly secure: boolean;
  readonly name: string;
  /** '' when none was given. */
  readonly port: string;
}

/** Throws ApiError BadRequest; `kind` is what was asked for: pod, service or node. */
export function parseProxyId(id: string, kind: string): ProxyId {
  const parts = id.split(':');
  const [scheme = '', name = '', port = ''] =
    parts.length === 3 ? parts : parts.length === 2 ? ['', ...parts] : parts.length === 1 ? ['', id, ''] : [];
  if (name === '' || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${kind} request ${JSON.stringify(id)}`);
  return { secure: scheme === 'https', name, port };
}

const localV4 = /^(127\.|0\.|169\.254\.|2(2[4-9]|3\d)\.)/;
const localV6 = /^(::1?$|fe[89ab]|ff)/i;
const mappedV4 = /^::ffff:(?:0:)?(\d+\.\d+\.\d+\.\d+)$/i;

/** False for loopback, link-local (where clouds keep their metadata), multicast and unspecified addresses, and for what is none. */
export function isProxyable(address: string): boolean {
  const mapped = mappedV4.exec(address)?.[1] ?? address;
  if (isIP(mapped) === 4) return !localV4.test(mapped);
  // A mapped address in hexadecimal has no business in a pod's status.
  return isIP(mapped) === 6 && !localV6.test(mapped) && !/^::ffff:/i.test(mapped);
}

export const addressNotAllowed = (): ApiError => badRequest('address not allowed');
