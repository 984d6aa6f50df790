/** Listens for DNS questions over UDP and TCP on one address. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Logger, Timer } from '@skiff/api';
import type { Resolve } from './resolver.ts';
import { FrameReader, frame } from './tcp-frames.ts';

export interface ListenOptions {
  readonly address: string;
  /** 0 lets the system choose; both transports get the same. */
  readonly port: number;
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DnsListener {
  readonly port: number;
  close(): void;
}

/** Connections at once; more are closed as they come. */
const maxConnections = 256;
/** A connection that says nothing for so long is closed (RFC 7766 asks for seconds, not minutes). */
const idleMs = 10_000;
/** Questions on one connection whose answers are still due; the stream waits when there are more. */
const maxPending = 32;

/** Resolves when both sockets listen; rejects when the address or port cannot be had. */
export async function listenDns(options: ListenOptions): Promise<DnsListener> {
  const connections = new Set<Socket>();
  const tcp = listenTcp(options, connections);
  tcp.listen(options.port, options.address);
  await once(tcp, 'listening');
  const bound = tcp.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
  const udp = listenUdp(options);
  try {
    udp.bind(port, options.address);
    await once(udp, 'listening');
  } catch (error) {
    tcp.close();
    throw error;
  }
  const onError = (error: Error): void => options.logger.error({ err: error }, 'DNS socket failed');
  tcp.on('error', onError);
  udp.on('error', onError);
  return {
    port,
    close() {
      udp.close();
      tcp.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

function listenUdp({ resolve, logger }: ListenOptions): UdpSocket {
  const socket = createSocket('udp4');
  socket.on('message', async (packet, from) => {
    const answer = await resolve(packet, 'udp');
    if (answer === undefined) return;
    try {
      socket.send(answer, from.port, from.address, (error) => {
        if (error !== null) logger.debug({ err: error, to: from.address }, 'DNS answer could not be sent');
      });
    } catch (error) {
      logger.debug({ err: error }, 'DNS answer came too late');
    }
  });
  return socket;
}

function listenTcp(options: ListenOptions, connections: Set<Socket>): Server {
  return createServer((socket) => {
    if (connections.size >= maxConnections) return socket.destroy();
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveConnection(socket, options);
  });
}

function serveConnection(socket: Socket, { resolve, clock }: ListenOptions): void {
  const reader = new FrameReader();
  let pending = 0;
  let idle: Timer | undefined;
  const restartIdle = (): void => {
    idle?.cancel();
    idle = clock.after(idleMs, () => socket.destroy());
  };
  const serve = async (message: Buffer): Promise<void> => {
    pending += 1;
    if (pending >= maxPending) socket.pause();
    const answer = await resolve(message, 'tcp');
    pending -= 1;
    if (!socket.writable) return;
    if (answer === undefined) socket.destroy();
    else if (socket.write(frame(answer)) && pending < maxPending) socket.resume();
  };
  restartIdle();
  socket.on('close', () => idle?.cancel());
  socket.on('error', () => socket.destroy());
  socket.on('drain', () => socket.resume());
  socket.on('data', (bytes) => {
    restartIdle();
    for (const message of reader.read(bytes)) void serve(message);
  });
}
