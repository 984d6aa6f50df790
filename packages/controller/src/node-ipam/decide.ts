/** The lowest free range. Pure. IPv4. */
import ipaddr from 'ipaddr.js';

/** The first subnet of `maskSize` in `cluster` (CIDRs) that overlaps none of `taken`; undefined when none is left. */
export function nextRange(cluster: string, maskSize: number, taken: Iterable<string>): string | undefined {
  const whole = toRange(cluster);
  const size = 2 ** (32 - maskSize);
  if (whole === undefined) return undefined;
  const used = new Set<number>();
  for (const one of taken) {
    const range = toRange(one);
    if (range === undefined) continue;
    const first = Math.max(0, Math.floor((range.start - whole.start) / size));
    const last = Math.floor((Math.min(range.end, whole.end) - 1 - whole.start) / size);
    for (let index = first; index <= last; index += 1) used.add(index);
  }
  for (let index = 0; whole.start + (index + 1) * size <= whole.end; index += 1)
    if (!used.has(index)) return `${dotted(whole.start + index * size)}/${maskSize}`;
  return undefined;
}

/** First address and the one behind the last, as numbers; undefined for what is no IPv4 range. */
function toRange(cidr: string): { start: number; end: number } | undefined {
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return undefined;
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const start = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets.reduce((number, octet) => number * 256 + octet, 0);
  return { start, end: start + 2 ** (32 - prefix) };
}

const dotted = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
