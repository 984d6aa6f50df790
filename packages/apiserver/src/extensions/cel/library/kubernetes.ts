/** Kubernetes' own types in expressions: quantities, URLs, addresses, ranges and named formats. */
import {
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkQualifiedName,
  tryParseQuantity,
} from '@skiff/api';
import { cidrContains, ipBits, ipFamily, ipText, isCidr } from '@skiff/api/validation';
import { formatCheck } from '../../schema/formats.ts';
import { type Overload, overload } from '../signature.ts';
import { CelError, Opaque, Optional, type Value } from '../values.ts';

/** Kept as a whole number of billionths. */
const quantityOf = (text: string): Opaque => {
  const parsed = tryParseQuantity(text)?.nano;
  if (parsed === undefined)
    throw new CelError(`quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
  return new Opaque('quantity', parsed, text);
};
const nanoOf = (quantity: Opaque): bigint => quantity.inner as bigint;
const fromNano = (nano: bigint): Opaque => new Opaque('quantity', nano, String(nano));

const compareNano = (a: Opaque, b: Opaque): bigint => {
  const [left, right] = [nanoOf(a), nanoOf(b)];
  return left < right ? -1n : left > right ? 1n : 0n;
};
const addNano = (a: Opaque, b: Opaque): Opaque => fromNano(nanoOf(a) + nanoOf(b));
const unit = 1_000_000_000n;

const quantities: readonly Overload[] = [
  overload('quantity(string): quantity', quantityOf),
  overload('isQuantity(string): bool', (text: string) => tryParseQuantity(text) !== undefined),
  overload('quantity.sign(): int', (a: Opaque) => (nanoOf(a) < 0n ? -1n : nanoOf(a) > 0n ? 1n : 0n)),
  overload('quantity.isGreaterThan(quantity): bool', (a: Opaque, b: Opaque) => compareNano(a, b) > 0n),
  overload('quantity.isLessThan(quantity): bool', (a: Opaque, b: Opaque) => compareNano(a, b) < 0n),
  overload('quantity.compareTo(quantity): int', compareNano),
  overload('quantity.isInteger(): bool', (a: Opaque) => nanoOf(a) % unit === 0n),
  overload('quantity.asInteger(): int', (a: Opaque) => {
    if (nanoOf(a) % unit !== 0n) throw new CelError('cannot convert value to integer');
    return nanoOf(a) / unit;
  }),
  overload('quantity.asApproximateFloat(): double', (a: Opaque) => Number(nanoOf(a)) / 1e9),
  overload('quantity.add(quantity): quantity', addNano),
  overload('quantity.add(int): quantity', (a: Opaque, b: bigint) => fromNano(nanoOf(a) + b * unit)),
  overload('quantity.sub(quantity): quantity', (a: Opaque, b: Opaque) => fromNano(nanoOf(a) - nanoOf(b))),
  overload('quantity.sub(int): quantity', (a: Opaque, b: bigint) => fromNano(nanoOf(a) - b * unit)),
];

/** Go's url.ParseRequestURI: absolute, or a path. */
function parseUrl(text: string): URL | undefined {
  if (text.startsWith('/')) return URL.canParse(text, 'none:///') ? new URL(text, 'none:///') : undefined;
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/?\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}
const urlOf = (text: string): Opaque => {
  const url = parseUrl(text);
  if (url === undefined)
    throw new CelError(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  return new Opaque('url', url, text);
};
const inUrl = (url: Opaque): URL => url.inner as URL;

function queryOf(url: Opaque): Value {
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [key, value] of inUrl(url).searchParams) {
    const list = query[key];
    if (list === undefined) query[key] = [value];
    else list.push(value);
  }
  return query;
}

const urls: readonly Overload[] = [
  overload('url(string): url', urlOf),
  overload('isURL(string): bool', (text: string) => parseUrl(text) !== undefined),
  overload('url.getScheme(): string', (url: Opaque) =>
    inUrl(url)
      .protocol.replace(/:$/, '')
      .replace(/^none$/, ''),
  ),
  overload('url.getHost(): string', (url: Opaque) => inUrl(url).host),
  overload('url.getHostname(): string', (url: Opaque) => inUrl(url).hostname.replaceAll(/[[\]]/g, '')),
  overload('url.getPort(): string', (url: Opaque) => inUrl(url).port),
  overload('url.getEscapedPath(): string', (url: Opaque) => inUrl(url).pathname),
  overload('url.getQuery(): map', queryOf),
];

const ipOf = (text: string): Opaque => {
  if (ipFamily(text) === undefined)
    throw new CelError(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  return new Opaque('ip', ipBits(text), text);
};
const bitsOf = (ip: Opaque) => ip.inner as { readonly family: 4 | 6; readonly bits: bigint };
const isCanonical = (text: string): boolean => {
  const { family, bits } = bitsOf(ipOf(text));
  return ipText(family, bits) === text;
};
const within = (ip: Opaque, ranges: readonly string[]): boolean =>
  ranges.some((range) => cidrContains(range, `${ip.text}/${bitsOf(ip).family === 4 ? 32 : 128}`));

const addresses: readonly Overload[] = [
  overload('ip(string): ip', ipOf),
  { ...overload('isCanonical(string): bool', isCanonical), name: 'ip.isCanonical' },
  overload('isIP(string): bool', (text: string) => ipFamily(text) !== undefined),
  overload('ip.family(): int', (ip: Opaque) => BigInt(bitsOf(ip).family)),
  overload('ip.isUnspecified(): bool', (ip: Opaque) => bitsOf(ip).bits === 0n),
  overload('ip.isLoopback(): bool', (ip: Opaque) => within(ip, ['127.0.0.0/8', '::1/128'])),
  overload('ip.isLinkLocalMulticast(): bool', (ip: Opaque) => within(ip, ['224.0.0.0/24', 'ff02::/16'])),
  overload('ip.isLinkLocalUnicast(): bool', (ip: Opaque) => within(ip, ['169.254.0.0/16', 'fe80::/10'])),
  overload(
    'ip.isGlobalUnicast(): bool',
    (ip: Opaque) =>
      bitsOf(ip).bits !== 0n &&
      !within(ip, [
        '127.0.0.0/8',
        '::1/128',
        '224.0.0.0/4',
        'ff00::/8',
        '169.254.0.0/16',
        'fe80::/10',
        '255.255.255.255/32',
      ]),
  ),
];

const cidrOf = (text: string): Opaque => {
  if (!isCidr(text))
    throw new CelError(
      `network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)})`,
    );
  return new Opaque('cidr', text, text);
};
const prefixOf = (cidr: Opaque): number => Number(cidr.text.slice(cidr.text.indexOf('/') + 1));
const addressOf = (cidr: Opaque): string => cidr.text.slice(0, cidr.text.indexOf('/'));
/** The same range, its address with nothing after the prefix. */
function masked(cidr: Opaque): Opaque {
  const { family, bits } = bitsOf(ipOf(addressOf(cidr)));
  const free = BigInt((family === 4 ? 32 : 128) - prefixOf(cidr));
  const kept = (bits >> free) << free;
  return kept === bits ? cidr : cidrOf(`${ipText(family, kept)}/${prefixOf(cidr)}`);
}
const hostRange = (address: string): string => `${address}/${ipFamily(address) === 4 ? 32 : 128}`;

const ranges: readonly Overload[] = [
  overload('cidr(string): cidr', cidrOf),
  overload('isCIDR(string): bool', isCidr),
  overload('cidr.ip(): ip', (cidr: Opaque) => ipOf(addressOf(cidr))),
  overload('cidr.prefixLength(): int', (cidr: Opaque) => BigInt(prefixOf(cidr))),
  overload('cidr.masked(): cidr', masked),
  overload('cidr.containsIP(string): bool', (cidr: Opaque, text: string) =>
    cidrContains(cidr.text, hostRange(ipOf(text).text)),
  ),
  overload('cidr.containsIP(ip): bool', (cidr: Opaque, ip: Opaque) => cidrContains(cidr.text, hostRange(ip.text))),
  overload('cidr.containsCIDR(string): bool', (cidr: Opaque, text: string) =>
    cidrContains(cidr.text, cidrOf(text).text),
  ),
  overload('cidr.containsCIDR(cidr): bool', (cidr: Opaque, other: Opaque) => cidrContains(cidr.text, other.text)),
];

const prefixed =
  (check: (text: string) => string[]) =>
  (text: string): string[] =>
    check(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
const named =
  (name: string) =>
  (text: string): string[] =>
    formatCheck(name)?.(text) === true ? [] : [`invalid ${name}`];

/** Formats by the names that `format.named` knows. */
const formats: ReadonlyMap<string, (text: string) => string[]> = new Map([
  ['dns1123Label', checkDns1123Label],
  ['dns1123Subdomain', checkDns1123Subdomain],
  ['dns1035Label', checkDns1035Label],
  ['qualifiedName', checkQualifiedName],
  ['dns1123LabelPrefix', prefixed(checkDns1123Label)],
  ['dns1123SubdomainPrefix', prefixed(checkDns1123Subdomain)],
  ['dns1035LabelPrefix', prefixed(checkDns1035Label)],
  ['labelValue', checkLabelValue],
  ['uri', (text: string) => (parseUrl(text) === undefined ? ['invalid URI'] : [])],
  ['uuid', named('uuid')],
  ['byte', named('byte')],
  ['date', named('date')],
  ['datetime', named('datetime')],
]);

const formatOf = (name: string): Opaque => new Opaque('format', formats.get(name), name);

const formatFunctions: readonly Overload[] = [
  overload(
    'format.named(string): optional',
    (name: string) => new Optional(formats.has(name) ? formatOf(name) : undefined),
  ),
  ...[...formats.keys()].map((name) => overload(`format.${name}(): format`, () => formatOf(name))),
  {
    ...overload('validate(string): optional', (format: Opaque, text: string) => {
      const faults = (format.inner as (text: string) => string[])(text);
      return new Optional(faults.length === 0 ? undefined : faults);
    }),
    receiver: 'format',
  },
];

export const kubernetesFunctions: readonly Overload[] = [
  ...quantities,
  ...urls,
  ...addresses,
  ...ranges,
  ...formatFunctions,
];
