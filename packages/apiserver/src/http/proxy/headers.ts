/** What of a request's and an answer's headers goes through a proxy. Pure; headers are raw lists of names and values by turns. */

/** About one connection only (RFC 9110, 7.6.1), beside those that `Connection` names. */
const hopByHop = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Who the caller is, is between the caller and this server: the far side must learn no credential. */
const isIdentity = (name: string): boolean =>
  name === 'authorization' || name.startsWith('impersonate-') || name.startsWith('x-remote-');

/** A bearer token that a browser sends as if it were a protocol (apiserver's websocket authenticator). */
const tokenProtocol = /^base64url\.bearer\.authorization\.k8s\.io\./;

const cors = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

export type RawHeaders = readonly string[];

function pairs(raw: RawHeaders): [name: string, value: string][] {
  const result: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) result.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return result;
}

/** The names that may not travel on, lower case. */
function connectionNames(raw: RawHeaders): ReadonlySet<string> {
  const named = pairs(raw)
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((one) => one.trim().toLowerCase()));
  return new Set([...hopByHop, ...named]);
}

export interface Forwarded {
  /** The client's address. */
  readonly from: string;
  /** The path as the client asked for it. */
  readonly uri: string;
}

/** A request's headers for the far side. The host stays the client's. */
export function requestHeaders(raw: RawHeaders, authority: string, forwarded: Forwarded): [string, string][] {
  const dropped = connectionNames(raw);
  const kept: [string, string][] = [];
  const chain: string[] = [];
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase();
    if (lower.startsWith(':') || lower === 'host' || dropped.has(lower) || isIdentity(lower)) continue;
    if (lower === 'x-forwarded-uri' || lower === 'expect') continue;
    if (lower === 'x-forwarded-for') chain.push(value);
    else if (lower === 'sec-websocket-protocol') keepProtocols(kept, name, value);
    else kept.push([name, value]);
  }
  return [
    ['Host', authority],
    ...kept,
    ['X-Forwarded-For', [...chain, forwarded.from].join(', ')],
    ['X-Forwarded-Uri', forwarded.uri],
  ];
}

function keepProtocols(kept: [string, string][], name: string, value: string): void {
  const rest = value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => !tokenProtocol.test(one));
  if (rest.length > 0) kept.push([name, rest.join(', ')]);
}

/** An answer's headers for the client: lower-case names, each with all its values in order. */
export function answerHeaders(raw: RawHeaders): ReadonlyMap<string, readonly string[]> {
  const dropped = connectionNames(raw);
  const kept = new Map<string, string[]>();
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase();
    if (dropped.has(lower) || cors.has(lower)) continue;
    kept.set(lower, [...(kept.get(lower) ?? []), value]);
  }
  return kept;
}
