/** What every way of asking a container comes back with. */
export interface Answer {
  readonly ok: boolean;
  /** For a failure's event; at most 10 KiB. */
  readonly output: string;
}

/** Go's words for the common refusals, which people search for. */
export function describeSocketError(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connect: connection refused';
    case 'EHOSTUNREACH':
      return 'connect: no route to host';
    case 'ENETUNREACH':
      return 'connect: network is unreachable';
    case 'ETIMEDOUT':
      return 'i/o timeout';
    case 'ECONNRESET':
      return 'read: connection reset by peer';
    default:
      return error.message;
  }
}
