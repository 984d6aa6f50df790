/** The node's own resolvers, from resolv.conf(5). */
import { isIP } from 'node:net';

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** Name servers in the order of the file; lines that make no sense are left out, as the C library does. */
export function parseResolvConf(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/[ \t]+/),
    )
    .filter(([keyword]) => keyword === 'nameserver')
    .map(([, address = '']) => address)
    .filter((address) => isIP(address.split('%')[0] ?? '') !== 0);
}

/** Servers to ask for other names, without ourselves: asking ourselves would go round for ever. */
export function upstreamsOf(resolvConf: string, ownAddress: string): Upstream[] {
  return [...new Set(parseResolvConf(resolvConf))]
    .filter((host) => host !== ownAddress)
    .map((host) => ({ host, port: 53 }));
}
