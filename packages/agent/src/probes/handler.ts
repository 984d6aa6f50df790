/** The ways to ask a container how it is: a command, HTTP, a TCP connection, gRPC health. Also serves lifecycle hooks. */
import { connect } from 'node:net';
import type { Container, HTTPGetAction, IntOrString, TCPSocketAction } from '@skiff/api';
import type { Runtime } from '../runtime/contract.ts';
import { type Answer, describeSocketError } from './answer.ts';
import { grpcHealth } from './grpc-health.ts';
import { httpGet } from './http-get.ts';

export interface Target {
  readonly containerId: string;
  readonly container: Container;
  /** Where the container's ports are reached: the pod's address, or the node's for host networking. */
  readonly ip: string;
  readonly runtime: Runtime;
}

/** One of the actions that probes and hooks have in common. */
export interface Handler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: { readonly port: number; readonly service?: string };
}

const maxOutputBytes = 10 * 1024;

/** Rejects when the question could not be put at all, and with the signal's reason when it aborts. */
export async function ask(handler: Handler, target: Target, signal: AbortSignal): Promise<Answer> {
  const { exec, httpGet: http, tcpSocket, grpc } = handler;
  if (exec !== undefined) return runCommand(exec.command ?? [], target, signal);
  if (http !== undefined) {
    const port = toPort(http.port, target.container);
    const { scheme = 'HTTP', path = '/', httpHeaders = [] } = http;
    const headers = httpHeaders.map(({ name, value }) => [name, value] as const);
    return httpGet({ https: scheme === 'HTTPS', host: http.host || target.ip, port, path, headers }, signal);
  }
  if (tcpSocket !== undefined) {
    return tcpConnect(tcpSocket.host || target.ip, toPort(tcpSocket.port, target.container), signal);
  }
  if (grpc !== undefined) return grpcHealth(target.ip, grpc.port, grpc.service ?? '', signal);
  throw new Error('missing probe handler');
}

/** A number, or the name of one of the container's ports. */
export function toPort(port: IntOrString, container: Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error(`invalid port: ${port}`);
  return number;
}

async function runCommand(command: readonly string[], target: Target, signal: AbortSignal): Promise<Answer> {
  const session = await target.runtime.exec(target.containerId, { command, stdin: false, tty: false });
  const close = (): void => void session.close().catch(() => {});
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const { data } of session.output) {
      if (size < maxOutputBytes) parts.push(data.subarray(0, maxOutputBytes - size));
      size += data.length;
    }
    signal.throwIfAborted();
    const code = await session.exitCode();
    return { ok: code === 0, output: Buffer.concat(parts).toString('utf8') };
  } finally {
    signal.removeEventListener('abort', close);
  }
}

function tcpConnect(host: string, port: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ ok: true, output: '' });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason);
      else resolve({ ok: false, output: `dial tcp ${host}:${port}: ${describeSocketError(error)}` });
    });
  });
}
