/** Addresses that are read, but not written as everybody writes them (pkg/api/service/warnings.go). */
import { goQuote } from '../algebra/go-text.ts';
import { ipBits, ipText } from '../validation/ip.ts';

const loops = 'which may cause controller apply-loops';

/** RFC 5952 has one form for an IPv6 address. */
function canonical(address: string): string | undefined {
  const read = ipBits(address);
  return read?.family === 6 ? ipText(6, read.bits) : undefined;
}

/** What is no address at all is refused elsewhere, but for the load balancer's, which nobody looks at. */
export function ipWarnings(address: string, path: string): string[] {
  if (ipBits(address) === undefined) {
    const why = `ParseAddr(${goQuote(address)}): unable to parse IP`;
    return [`${path}: IP address was accepted, but will be invalid in a future Kubernetes release: ${why}`];
  }
  const form = canonical(address);
  if (form === undefined || form === address) return [];
  return [`${path}: IPv6 address ${goQuote(address)} is not in RFC 5952 canonical format (${goQuote(form)}), ${loops}`];
}

export function rangeWarnings(range: string, path: string): string[] {
  const [address = '', prefix = ''] = range.split('/');
  if (ipBits(address) === undefined) {
    const why = `netip.ParsePrefix(${goQuote(range)}): ParseAddr(${goQuote(address)}): unable to parse IP`;
    return [`${path}: IP prefix was accepted, but will be invalid in a future Kubernetes release: ${why}`];
  }
  const form = canonical(address);
  if (form === undefined || form === address) return [];
  const shown = `(${goQuote(`${form}/${prefix}`)})`;
  return [`${path}: IPv6 prefix ${goQuote(range)} is not in RFC 5952 canonical format ${shown}, ${loops}`];
}
