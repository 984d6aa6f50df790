/** Arithmetic of IPv4 addresses and networks. Text from users reaches nft and ip only through these checks. */
import ipaddr from 'ipaddr.js';

/** An IPv4 network: its first address as a number, and the length of its prefix. */
export interface Network {
  readonly base: number;
  readonly prefix: number;
}

/** True for a canonical dotted quad. */
export function isIPv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).toString() === text;
}

/** An address as an unsigned 32-bit number. Undefined when it is not a canonical dotted quad. */
export function addressNumber(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

/** `10.244.1.0/24` as a network; host bits are dropped. Undefined when it is not IPv4 in CIDR form. */
export function parseNetwork(cidr: string): Network | undefined {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const number = addressNumber(address);
  if (number === undefined || rest.length > 0 || !/^(?:[0-9]|[12][0-9]|3[0-2])$/.test(length)) return undefined;
  const prefix = Number(length);
  return { base: (number & maskOf(prefix)) >>> 0, prefix };
}

export function networkText({ base, prefix }: Network): string {
  return `${addressText(base)}/${prefix}`;
}

export function contains({ base, prefix }: Network, address: string): boolean {
  const number = addressNumber(address);
  return number !== undefined && (number & maskOf(prefix)) >>> 0 === base;
}

/** The same addresses in the fewest of the given networks: without repeats and without those inside another (nft refuses overlaps). */
export function largestNetworks(networks: readonly Network[]): Network[] {
  const wideFirst = [...networks].sort((a, b) => a.prefix - b.prefix || a.base - b.base);
  const kept: Network[] = [];
  for (const network of wideFirst) {
    if (!kept.some((wider) => contains(wider, addressText(network.base)))) kept.push(network);
  }
  return kept;
}

/** The `index`-th address of a network, counted from its base. */
export function addressAt({ base }: Network, index: number): string {
  return addressText(base + index);
}

/** A stable, locally administered hardware address for an IPv4 address. */
export function hardwareAddress(address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['0a', '58', ...octets].join(':');
}
