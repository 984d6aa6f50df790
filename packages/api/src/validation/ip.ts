/** Addresses and ranges as text. One strict reading everywhere: no octal, no short forms, no zones, no IPv4 written as IPv6. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

export const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** 4, 6, or undefined when the text is no address. */
export function ipFamily(text: string): 4 | 6 | undefined {
  if (text.includes('%')) return undefined;
  const family = isIP(text);
  if (family === 4) return 4;
  return family === 6 && !isMapped(text) ? 6 : undefined;
}

/** True for an address of `::ffff:0:0/96`: an IPv4 one, which some would read as such and others not. */
const isMapped = (text: string): boolean => (ipBits(text)?.bits ?? 0n) >> 32n === 0xffffn;

/** True for `10.0.0.0/8` and `2001:db8::/64`, with a prefix the family can have and no leading zeros. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const family = ipFamily(text.slice(0, slash));
  const prefix = text.slice(slash + 1);
  if (family === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

/** The bits of an address, most significant first, as a number. Undefined when the text is no address. */
export function ipBits(text: string): { readonly family: 4 | 6; readonly bits: bigint } | undefined {
  if (isIPv4(text)) {
    return { family: 4, bits: text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n) };
  }
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = dotted === null ? text : `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`;
  const [head = '', tail] = hex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0');
  const bits = [...left, ...middle, ...right].reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
  return { family: 6, bits };
}

const pair = (high: string | undefined, low: string | undefined): string =>
  (Number(high) * 256 + Number(low)).toString(16);

/** An address as it is written canonically: IPv6 by RFC 5952. */
export function ipText(family: 4 | 6, bits: bigint): string {
  const count = family === 4 ? 4 : 8;
  const width = family === 4 ? 8n : 16n;
  const parts = Array.from(
    { length: count },
    (_, place) => (bits >> (width * BigInt(count - 1 - place))) & ((1n << width) - 1n),
  );
  if (family === 4) return parts.join('.');
  if (bits >> 32n === 0xffffn) return `::ffff:${ipText(4, bits & 0xffffffffn)}`;
  const hex = parts.map((part) => part.toString(16)).join(':');
  const runs = [...hex.matchAll(/(?<![^:])0(?::0(?![^:]))+/g)].map((match) => match[0]);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  return longest === '' ? hex : hex.replace(new RegExp(`(?:^|:)${longest}(?:$|:)`), '::');
}

/** True when `inner` lies wholly inside `outer`; both are ranges. */
export function cidrContains(outer: string, inner: string): boolean {
  const one = cidrRange(outer);
  const other = cidrRange(inner);
  if (one === undefined || other === undefined || one.family !== other.family) return false;
  return other.prefix >= one.prefix && other.bits >> BigInt(one.free) === one.bits >> BigInt(one.free);
}

function cidrRange(text: string) {
  if (!isCidr(text)) return undefined;
  const slash = text.indexOf('/');
  const address = ipBits(text.slice(0, slash));
  if (address === undefined) return undefined;
  const prefix = Number(text.slice(slash + 1));
  return { ...address, prefix, free: (address.family === 4 ? 32 : 128) - prefix };
}
