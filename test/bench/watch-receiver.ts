/**
 * Receives watches in a thread of its own and as cheaply as can be: gRPC over HTTP/2 by hand, where an event is counted by its length and
 * not read. So what a bench of watches measures is the server, and a receiver's share of the cores is small.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';
import { EventCounter } from './event-counter.ts';

export interface ReceiverSettings {
  readonly url: string;
  readonly identity: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Watch requests as bytes, one for each watch. */
  readonly requests: readonly Uint8Array[];
  /** A List request as bytes: what a connection asks for later is answered later, so the watches before it stand by then. */
  readonly last: Uint8Array;
}

/** What the receiver tells: how much has come so far, or that a watch ended. */
export type Received =
  | { readonly type: 'open' }
  | { readonly type: 'progress'; readonly events: number; readonly delaysMs: readonly number[] }
  | { readonly type: 'ended'; readonly reason: string };

const perConnection = 250;
const windowBytes = 16 * 1024 * 1024;
const tellEveryMs = 5;
/** One chunk in so many is searched for the time that its event was written at. */
const sampleEvery = 8;

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker');
const tell = (message: Received): void => port.postMessage(message);
const { url, identity, requests, last } = workerData as ReceiverSettings;

let events = 0;
let told = 0;
let chunks = 0;
let delaysMs: number[] = [];

const connections = Array.from({ length: Math.ceil(requests.length / perConnection) }, dial);
await Promise.all(
  connections.map((connection) => new Promise((resolve) => connection.once('remoteSettings', resolve))),
);
for (const [index, request] of requests.entries()) watch(connections[Math.floor(index / perConnection)], request);
await Promise.all(
  connections.map(
    (connection) => new Promise((resolve) => ask(connection, 'List', last).resume().once('end', resolve)),
  ),
);
tell({ type: 'open' });
setInterval(() => {
  if (events === told) return;
  told = events;
  tell({ type: 'progress', events, delaysMs });
  delaysMs = [];
}, tellEveryMs);

function dial(): ClientHttp2Session {
  const connection = connect(url, { ...identity, settings: { initialWindowSize: windowBytes } });
  connection.once('connect', () => connection.setLocalWindowSize(windowBytes));
  connection.on('error', (error) => tell({ type: 'ended', reason: error.message }));
  return connection;
}

function ask(connection: ClientHttp2Session, method: string, request: Uint8Array): ClientHttp2Stream {
  const path = `/skiff.v1.Resources/${method}`;
  const stream = connection.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', (error) => tell({ type: 'ended', reason: error.message }));
  const frame = Buffer.alloc(5 + request.length);
  frame.writeUInt32BE(request.length, 1);
  frame.set(request, 5);
  return stream.end(frame);
}

function watch(connection: ClientHttp2Session | undefined, request: Uint8Array): void {
  if (connection === undefined) throw new Error('no connection');
  const stream = ask(connection, 'Watch', request);
  const counter = new EventCounter();
  stream.on('data', (chunk: Buffer) => {
    events += counter.take(chunk);
    chunks += 1;
    if (chunks % sampleEvery === 0) sample(chunk);
  });
  stream.on('trailers', (trailers) => tell({ type: 'ended', reason: String(trailers['grpc-message']) }));
}

function sample(chunk: Buffer): void {
  const at = chunk.indexOf('"at":"');
  if (at < 0) return;
  const writtenMs = Number(chunk.toString('latin1', at + 6, at + 19));
  if (Number.isFinite(writtenMs)) delaysMs.push(performance.timeOrigin + performance.now() - writtenMs);
}
