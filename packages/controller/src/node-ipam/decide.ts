/** The lowest free range. Pure. */
import ipaddr from 'ipaddr.js';

/** The first subnet of `maskSize` in `cluster` (IPv4 CIDRs) that is not taken; undefined when none is left. */
export function nextRange(cluster: string, maskSize: number, taken: ReadonlySet<string>): string | undefined {
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cluster);
  const first = address.octets.reduce((number, octet) => number * 256 + octet, 0);
  const size = 2 ** (32 - maskSize);
  for (let index = 0; index < 2 ** (maskSize - prefix); index += 1) {
    const range = `${dotted(first + index * size)}/${maskSize}`;
    if (!taken.has(range)) return range;
  }
  return undefined;
}

const dotted = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
