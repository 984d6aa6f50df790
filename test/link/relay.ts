/** A TCP relay whose wire a test can cut, or leave dead. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly address: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections accepted from now on are left without a word, until set back. */
  mute: boolean;
  /** Cuts all that stand. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRelay(target: string): Promise<Relay> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let accepted = 0;
  const keep = (socket: Socket): void => {
    // Else small messages wait for the other side's delayed acknowledgement, and the relay is what is measured.
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    accepted++;
    keep(socket);
    if (relay.mute) return;
    const onward = connect(Number(port), host);
    keep(onward);
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const relay: Relay = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    mute: false,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      relay.cut();
      server.close();
      await once(server, 'close');
    },
  };
  return relay;
}
