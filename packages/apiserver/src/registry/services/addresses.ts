/** The addresses of a service range, as numbers and as texts. Pure. */
import ipaddr from 'ipaddr.js';

export interface AddressRange {
  readonly cidr: string;
  readonly family: 'IPv4' | 'IPv6';
  /** First and last address that may be handed out. */
  readonly first: bigint;
  readonly last: bigint;
  /** Below this one only addresses that were asked for by name (KEP-3070), so that a fixed choice seldom collides. */
  readonly dynamicFirst: bigint;
}

/** Never more than this many addresses of a range: an IPv6 range has more than anyone can use. */
const maxSize = 1n << 16n;

/** Throws Error when the text is no CIDR, or too small to hold an address. */
export function parseRange(cidr: string): AddressRange {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  const width = network.kind() === 'ipv4' ? 32 : 128;
  const full = 1n << BigInt(width - bits);
  const isV4 = width === 32;
  const size = isV4 ? full : full < maxSize ? full : maxSize;
  if (size < 4n) throw new Error(`the service range ${cidr} is too small`);
  const base = (toNumber(network) / full) * full;
  // The network's own address is nobody's, and neither is IPv4's broadcast address.
  const first = base + 1n;
  const last = base + size - (isV4 ? 2n : 1n);
  const reserved = largest(16n, smallest(size / 16n, 256n));
  return {
    cidr,
    family: isV4 ? 'IPv4' : 'IPv6',
    first,
    last,
    dynamicFirst: reserved < size ? first + reserved : first,
  };
}

const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The canonical text of the address `value` of the range's family. */
export function addressText(range: AddressRange, value: bigint): string {
  const length = range.family === 'IPv4' ? 4 : 16;
  const bytes = Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn));
  return ipaddr.fromByteArray(bytes).toString();
}

/** The canonical text, or undefined when it is no plain address (`010.0.0.1` is none: some read it octal). */
export function canonicalAddress(text: string): string | undefined {
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(text) ? !/(?:^|\.)0\d/.test(text) : ipaddr.IPv6.isValid(text);
  return isPlain && !text.includes('%') ? ipaddr.parse(text).toString() : undefined;
}

/** True when the range may hand out the address. */
export function contains(range: AddressRange, text: string): boolean {
  const canonical = canonicalAddress(text);
  if (canonical === undefined) return false;
  const address = ipaddr.parse(canonical);
  if ((address.kind() === 'ipv4') !== (range.family === 'IPv4')) return false;
  const value = toNumber(address);
  return value >= range.first && value <= range.last;
}
