/**
 * Credentials that know the sockets dialled with them. A channel that is closed while a peer lets the handshake hang keeps its
 * socket for ever: grpc-js waits for an answer that never comes. Whoever closes such a channel abandons its sockets.
 */
import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

export interface TrackedCredentials {
  readonly credentials: ChannelCredentials;
  /** Destroys every socket, now and later. */
  abandon(): void;
}

export function trackSockets(inner: ChannelCredentials): TrackedCredentials {
  const sockets = new Set<Socket>();
  let abandoned = false;
  const createSecureConnector: ChannelCredentials['_createSecureConnector'] = (target, options, callCredentials) => {
    const connector = inner._createSecureConnector(target, options, callCredentials);
    return {
      connect(socket) {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
        if (abandoned) socket.destroy();
        return connector.connect(socket);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  };
  return {
    credentials: Object.assign(Object.create(inner) as ChannelCredentials, {
      _createSecureConnector: createSecureConnector,
    }),
    abandon() {
      abandoned = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
