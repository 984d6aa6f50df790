/**
 * Finds connections whose other side is gone. Whoever sends anything is there, so only a silent connection is pinged: components ping for themselves and
 * nodes renew their leases, and the server has nothing to ask them. grpc-js would ping each, with two timers, and connections that came together in one turn.
 */
import type { ServerHttp2Session } from 'node:http2';
import type { Clock, Timer } from '@skiff/api';

const tickMs = 1000;
/** A connection is looked at once in so many ticks: one that is silent from one look to the next is pinged. */
const looksEvery = 20;
/** How many ticks a silent connection has for its answer. */
const answerTicks = 10;

type Session = Pick<ServerHttp2Session, 'destroyed' | 'destroy' | 'ping'> & {
  readonly socket: { readonly bytesRead: number };
  once(event: 'close', listener: () => void): unknown;
};

interface Connection {
  readonly session: Session;
  bytesRead: number;
}

export interface Keepalive {
  /** From now on until it closes. */
  add(session: Session): void;
}

/** Its timer runs while there are connections. */
export function createKeepalive(clock: Clock): Keepalive {
  // By the tick that looks at them: evenly, however they came.
  const slots = Array.from({ length: looksEvery }, () => new Set<Connection>());
  /** Pinged, in that order, with the tick until which they have time. */
  const pinged = new Map<Connection, number>();
  let count = 0;
  let added = 0;
  let tick = 0;
  let timer: Timer | undefined;

  const isSilent = (connection: Connection): boolean => {
    const { bytesRead } = connection.session.socket;
    const isSame = bytesRead === connection.bytesRead;
    connection.bytesRead = bytesRead;
    return isSame;
  };

  const look = (connection: Connection): void => {
    if (!isSilent(connection) || pinged.has(connection)) return;
    // The answer is seen by its bytes.
    if (connection.session.ping(() => undefined)) pinged.set(connection, tick + answerTicks);
    else connection.session.destroy();
  };

  /** Ticks are counted, not their time: between two of them what has arrived is read, however long the process stood still. */
  const run = (): void => {
    tick += 1;
    for (const [connection, until] of pinged) {
      if (until > tick) break;
      pinged.delete(connection);
      if (isSilent(connection)) connection.session.destroy();
    }
    for (const connection of slots[tick % looksEvery] ?? []) look(connection);
    timer = clock.after(tickMs, run);
  };

  return {
    add(session) {
      if (session.destroyed) return;
      const connection = { session, bytesRead: session.socket.bytesRead };
      added += 1;
      const slot = slots[added % looksEvery];
      slot?.add(connection);
      count += 1;
      timer ??= clock.after(tickMs, run);
      session.once('close', () => {
        slot?.delete(connection);
        pinged.delete(connection);
        count -= 1;
        if (count > 0) return;
        timer?.cancel();
        timer = undefined;
      });
    },
  };
}
