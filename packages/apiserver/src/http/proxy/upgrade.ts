/** The `proxy` subresource over an upgraded connection: once the far side has switched protocols, bytes go both ways as they come. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestContext } from '../../registry/contract.ts';
import type { Upgrade } from '../door.ts';
import type { ResourceRequest } from '../request-info.ts';
import { openCall } from './call.ts';
import { answerHeaders } from './headers.ts';
import { type Place, type PlaceParts, unreachable } from './places.ts';
import { admittedPath, authorityOf, farPath, placeOf } from './serve.ts';

/** Throws ApiError while nothing has been sent. `onAccepted` is called right before the first byte. */
export async function serveProxyUpgrade(
  parts: PlaceParts,
  upgrade: Upgrade,
  context: RequestContext,
  info: ResourceRequest,
  onAccepted: () => void,
): Promise<void> {
  const { request, socket } = upgrade;
  const { signal } = context;
  const path = await admittedPath(parts.registry, context, info);
  const place = await placeOf(parts, context, info);
  const protocol = request.headers.upgrade ?? '';
  const call = openCall(place, {
    method: request.method ?? 'GET',
    path: farPath(path === '' ? '/' : path, upgrade.rawQuery),
    ...{ rawHeaders: request.rawHeaders, authority: authorityOf(request.headers), signal },
    forwarded: { from: request.socket.remoteAddress ?? '', uri: upgrade.path },
    extra: [
      ['Connection', 'Upgrade'],
      ['Upgrade', protocol],
    ],
  });
  const { answer, far, head } = await answerOf(call, place);
  onAccepted();
  if (far === undefined) {
    // No switch: its answer, and nothing after it. What the client says next was never authorised.
    socket.write(headText(answer, ['connection: close']));
    await pipeline(answer, socket).catch(() => socket.destroy());
    return;
  }
  socket.write(headText(answer, [`connection: Upgrade`, `upgrade: ${answer.headers.upgrade ?? protocol}`]));
  if (head.length > 0) socket.write(head);
  if (upgrade.head.length > 0) far.write(upgrade.head);
  await join(socket, far, signal);
}

/** Bytes both ways until either side has closed, or the signal aborts. */
async function join(near: Duplex, far: Duplex, signal: AbortSignal): Promise<void> {
  const closed = Promise.withResolvers<void>();
  const cut = (): void => closed.resolve();
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  for (const side of [near, far]) side.once('close', cut);
  near.pipe(far);
  far.pipe(near);
  await closed.promise;
  signal.removeEventListener('abort', cut);
  near.destroy();
  far.destroy();
}

interface FarAnswer {
  readonly answer: IncomingMessage;
  /** Set when the far side switched. */
  readonly far: Duplex | undefined;
  readonly head: Buffer;
}

function answerOf(call: ClientRequest, place: Place): Promise<FarAnswer> {
  return new Promise((resolve, reject) => {
    call.once('error', (error) => reject(unreachable(error, place)));
    call.once('upgrade', (answer, far, head) => {
      far.on('error', () => {});
      resolve({ answer, far, head });
    });
    call.once('response', (answer) => {
      call.on('error', (error) => answer.destroy(error));
      resolve({ answer, far: undefined, head: Buffer.alloc(0) });
    });
    call.end();
  });
}

function headText(answer: IncomingMessage, connection: readonly string[]): string {
  const headers = [...answerHeaders(answer.rawHeaders)].flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}`),
  );
  const start = `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`;
  return `${[start, ...headers, ...connection].join('\r\n')}\r\n\r\n`;
}
