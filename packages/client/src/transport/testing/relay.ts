/** A TCP relay in front of a server: silent, open, or cut, as the test says. */
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly address: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  readonly open: number;
  /** `silent`: new connections are accepted and nothing is said. `open`: they reach the server. */
  mode: 'silent' | 'open';
  /** Stops forwarding on what is open, without closing it: a cable that was pulled. */
  freeze(): void;
  /** Closes what is open. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const relay = { mode: 'open' as Relay['mode'] };
  const server = createServer((near) => {
    accepted += 1;
    track(near);
    if (relay.mode === 'silent') {
      near.resume();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    track(far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  function track(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    get mode() {
      return relay.mode;
    },
    set mode(mode) {
      relay.mode = mode;
    },
    freeze() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    cut,
    close() {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
