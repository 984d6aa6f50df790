/** The process that netns-dialer.ts starts in a pod's network namespace: connects, and hands the open sockets back. */
import { connect, type Socket } from 'node:net';
import type { DialAnswer, DialRequest } from './netns-dialer.ts';

/** A program that listens on "localhost" listens on either. */
const hosts = ['127.0.0.1', '::1'] as const;

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    // What the other side says first is for whoever gets the socket.
    socket.pause();
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function openAny(port: number): Promise<Socket> {
  const [first, ...others] = hosts;
  let attempt = open(first, port);
  for (const host of others)
    attempt = attempt.catch((error: unknown) => open(host, port).catch(() => Promise.reject(error)));
  return attempt;
}

const answer = (message: DialAnswer, socket?: Socket): void => {
  process.send?.(message, socket);
};

process.on('message', ({ id, port }: DialRequest) => {
  openAny(port).then(
    (socket) => answer({ id }, socket),
    (error: NodeJS.ErrnoException) => answer({ id, error: describe(error, port) }),
  );
});

/** As Go's net package words it, which is what users of Kubernetes search for. */
function describe(error: NodeJS.ErrnoException, port: number): string {
  const why = error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
  return `dial tcp4 127.0.0.1:${port}: connect: ${why}`;
}
