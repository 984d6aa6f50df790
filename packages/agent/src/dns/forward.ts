/** Asks the node's own resolvers for names that are not the cluster's. */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock, Random } from '@skiff/api';
import { decode } from './message.ts';
import type { Upstream } from './resolv.ts';
import { FrameReader, frame } from './tcp-frames.ts';

export interface ForwardOptions {
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
  /** Questions under way at once; more are turned down. */
  readonly maxInFlight: number;
}

/** Resolves to the answer's bytes with the question's id; undefined when no upstream gave one, or too many questions are under way. */
export type Forward = (packet: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>;

/** How long one upstream may take, in milliseconds; clients give up after 5 s. */
const attemptTimeoutMs = 2000;

/** `signal` ends what is under way. */
export function forwarder({ upstreams, clock, random, maxInFlight }: ForwardOptions, signal: AbortSignal): Forward {
  let inFlight = 0;

  const attempt = (upstream: Upstream, packet: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> => {
    const done = new AbortController();
    const timer = clock.after(attemptTimeoutMs, () => done.abort());
    const either = AbortSignal.any([signal, done.signal]);
    const asked = transport === 'udp' ? askUdp(upstream, packet, either) : askTcp(upstream, packet, either);
    return asked.finally(() => timer.cancel());
  };

  return async (packet, transport) => {
    if (inFlight >= maxInFlight || packet.length < 12) return undefined;
    inFlight += 1;
    try {
      for (const upstream of upstreams) {
        // A fresh id and a fresh source port each time: an answer must be guessed in both to be forged (RFC 5452).
        const asked = withId(packet, Math.floor(random() * 65536));
        const answer = await attempt(upstream, asked, transport);
        if (answer !== undefined) return withId(answer, packet.readUInt16BE(0));
        if (signal.aborted) break;
      }
      return undefined;
    } finally {
      inFlight -= 1;
    }
  };
}

function withId(packet: Buffer, id: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** True when the packet answers this question: same id, same name, same type. */
function answers(packet: Buffer, asked: Buffer): boolean {
  if (packet.length < 12 || packet.readUInt16BE(0) !== asked.readUInt16BE(0)) return false;
  const answer = decode(packet);
  const question = decode(asked)?.questions[0];
  const echoed = answer?.questions[0];
  return (
    answer?.type === 'response' &&
    echoed?.type === question?.type &&
    echoed?.name.toLowerCase() === question?.name.toLowerCase()
  );
}

function askUdp({ host, port }: Upstream, packet: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const finish = (answer: Buffer | undefined): void => {
      signal.removeEventListener('abort', giveUp);
      socket.removeAllListeners();
      // A late error of a socket that is being closed is nobody's business.
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const giveUp = (): void => finish(undefined);
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('error', giveUp);
    socket.on('message', (message) => {
      if (answers(message, packet)) finish(message);
    });
    // A connected socket takes packets from this upstream only, and hears at once that nobody listens there.
    socket.connect(port, host, () => socket.send(packet, (error) => (error === null ? undefined : giveUp())));
  });
}

function askTcp({ host, port }: Upstream, packet: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const reader = new FrameReader();
    const finish = (answer: Buffer | undefined): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(answer);
    };
    const giveUp = (): void => finish(undefined);
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('error', giveUp);
    socket.on('end', giveUp);
    socket.on('connect', () => socket.write(frame(packet)));
    socket.on('data', (bytes) => {
      for (const message of reader.read(bytes)) if (answers(message, packet)) return finish(message);
    });
  });
}
