/** Frames of HTTP/2 that ask for an answer but for no work: each costs the server more than its sender. */
import { constants, type ServerHttp2Session } from 'node:http2';
import type { Clock } from '@skiff/api';

/** PING and SETTINGS of one connection; a client that asks every second whether the server is there sends 60. */
export const maxControlFrames = 600;
export const controlFramesMs = 60_000;

/** Ends a connection that sends more of them in a minute with GOAWAY ENHANCE_YOUR_CALM. nghttp2 has bounds of its own for the others. */
export function boundControlFrames(session: ServerHttp2Session, clock: Clock): void {
  let startMs = clock.now();
  let count = 0;
  const taken = (): void => {
    if (clock.now() - startMs >= controlFramesMs) {
      startMs = clock.now();
      count = 0;
    }
    if (++count === maxControlFrames + 1)
      session.destroy(new Error('too many control frames'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on('ping', taken);
  session.on('remoteSettings', taken);
}
