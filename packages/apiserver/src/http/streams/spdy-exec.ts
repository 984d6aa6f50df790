/** A command over SPDY, `v4.channel.k8s.io`: the client opens one stream for each of error, stdin, stdout, stderr and resize. */
import type { NodeStream } from '../../link/node-stream.ts';
import type { ExecOptions } from '../../link/pod-streams.ts';
import { outcomeStatus, parseResize } from './channels.ts';
import type { SpdyConnection, SpdyStream } from './spdy-connection.ts';

type Role = 'error' | 'stdin' | 'stdout' | 'stderr' | 'resize';

/** The streams that a client opens for these options. */
function rolesOf({ stdin, stdout, stderr, tty }: ExecOptions): ReadonlySet<string> {
  const wanted: readonly (readonly [Role, boolean])[] = [
    ['error', true],
    ['stdin', stdin],
    ['stdout', stdout],
    ['stderr', stderr && !tty],
    ['resize', tty],
  ];
  return new Set(wanted.filter(([, is]) => is).map(([role]) => role));
}

/** Carries all directions until the command or the client ends. Never throws. */
export async function serveSpdyExec(
  connection: SpdyConnection,
  stream: NodeStream,
  options: ExecOptions,
): Promise<void> {
  void connection.closed.then(stream.cancel);
  const roles = await collect(connection, rolesOf(options));
  if (roles === undefined) return;
  for (const role of ['error', 'stdout', 'stderr']) roles.get(role)?.discard();
  const stdin = roles.get('stdin');
  if (stdin === undefined) stream.endInput();
  else void feedInput(stdin, stream);
  const resize = roles.get('resize');
  if (resize !== undefined) void feedSizes(resize, stream);
  try {
    for await (const { channel, data } of stream.output()) await roles.get(channel)?.write(data);
  } catch {
    // The outcome below carries the fault.
  }
  await roles.get('error')?.write(Buffer.from(outcomeStatus(await stream.outcome, 'spdy')));
  for (const one of roles.values()) await one.end();
  connection.close();
}

/** Waits for the streams that must be there; undefined when the client leaves first. Others than those are refused. */
async function collect(
  connection: SpdyConnection,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, SpdyStream> | undefined> {
  const roles = new Map<string, SpdyStream>();
  // Once this loop is left, the connection refuses whatever else is opened.
  for await (const stream of connection.streams()) {
    const role = stream.headers.get('streamtype') ?? '';
    if (wanted.has(role) && !roles.has(role)) roles.set(role, stream);
    else stream.reset();
    if (roles.size === wanted.size) return roles;
  }
  return undefined;
}

async function feedInput(stdin: SpdyStream, stream: NodeStream): Promise<void> {
  try {
    for await (const data of stdin.data()) await stream.write(data);
    stream.endInput();
  } catch {
    // The command ended before its input did.
  }
}

/** A size is a JSON line; several may come at once. */
async function feedSizes(resize: SpdyStream, stream: NodeStream): Promise<void> {
  for await (const data of resize.data()) {
    for (const line of data.toString('utf8').split('\n')) {
      const size = parseResize(Buffer.from(line));
      if (size !== undefined) stream.resize(size.columns, size.rows);
    }
  }
}
