/** A TCP relay that can do what a network does: cut, say nothing, or lose the answers. */
import { createServer, connect as dial, type Socket } from 'node:net';

export interface Relay {
  readonly endpoint: string;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Breaks every connection now; new ones are served. */
  cut(): void;
  /** Breaks every connection once `bytes` more have come from the server on any of them. */
  cutAfter(bytes: number): void;
  /** New connections are accepted and nothing is ever said on them. Those that are open stay as they are. */
  mute(isMute: boolean): void;
  /** New connections are broken at once. */
  refuse(isRefusing: boolean): void;
  /** What the server says on open and new connections is thrown away; what clients say goes through. */
  swallow(isSwallowing: boolean): void;
  close(): Promise<void>;
}

export async function createRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let isMute = false;
  let isSwallowing = false;
  let isRefusing = false;
  let bytesLeft = Number.POSITIVE_INFINITY;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const keep = (socket: Socket, other?: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      other?.destroy();
    });
  };
  const server = createServer((client) => {
    accepted += 1;
    if (isRefusing) return void client.destroy();
    if (isMute) return keep(client);
    const upstream = dial(targetPort, '127.0.0.1');
    keep(client, upstream);
    keep(upstream, client);
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data: Buffer) => {
      bytesLeft -= data.length;
      if (!isSwallowing) client.write(bytesLeft < 0 ? data.subarray(0, data.length + bytesLeft) : data);
      if (bytesLeft > 0) return;
      bytesLeft = Number.POSITIVE_INFINITY;
      // What was written goes out first: the cut falls inside of it.
      client.end(cut);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get accepted() {
      return accepted;
    },
    cut,
    cutAfter(bytes) {
      bytesLeft = bytes;
    },
    mute(value) {
      isMute = value;
    },
    refuse(value) {
      isRefusing = value;
    },
    swallow(value) {
      isSwallowing = value;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
