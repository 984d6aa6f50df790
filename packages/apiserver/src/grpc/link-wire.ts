/** The link's frames as nodes.proto's messages, and back. */
import { badRequest, httpCodeOf, type Status } from '@skiff/api';
import type * as wire from '@skiff/api/wire';
import type { DownFrame, ExecOpen, Open, OutputChannel, UpFrame } from '../link/frames.ts';

const textOf = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

const optional = <K extends string>(key: K, value: string | undefined): { [key in K]?: string } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]: string });

const execOf = ({ podUid, container, command, stdin, stdout, stderr, tty }: ExecOpen): wire.OpenExec => ({
  podUid,
  container,
  command: [...command],
  stdin,
  stdout,
  stderr,
  tty,
});

function openOf(open: Open): wire.StreamOpen {
  switch (open.type) {
    case 'logs': {
      const { podUid, container, follow, previous, sinceTime, timestamps } = open;
      const logs: wire.OpenLogs = {
        ...{ podUid, container, follow, previous, sinceTime, timestamps },
        ...optional('tailLines', textOf(open.tailLines)),
        ...optional('limitBytes', textOf(open.limitBytes)),
      };
      return { logs };
    }
    case 'exec':
      return { exec: execOf(open) };
    case 'attach':
      return { attach: execOf(open) };
    case 'portForward':
      return { portForward: { podUid: open.podUid, port: open.port } };
    case 'stats':
      return { stats: {} };
    case 'page':
      return { page: { path: open.path } };
  }
}

/** A frame to the agent. */
export function toLinkDown(frame: DownFrame): wire.LinkDown {
  const { stream } = frame;
  switch (frame.type) {
    case 'open':
      return { stream, open: openOf(frame.open) };
    case 'ping':
      return { stream, ping: true };
    case 'data':
      return { stream, data: { channel: 'CHANNEL_STDIN', data: Buffer.from(frame.data) } };
    case 'endInput':
      return { stream, end: { channel: 'CHANNEL_STDIN', statusJson: '' } };
    case 'end':
      return { stream, end: { channel: 'CHANNEL_UNSPECIFIED', statusJson: '' } };
    case 'credit':
      return { stream, credit: frame.bytes };
    case 'resize':
      return { stream, resize: { columns: frame.columns, rows: frame.rows } };
  }
}

const outputOf = (channel: wire.Channel): OutputChannel => (channel === 'CHANNEL_STDERR' ? 'stderr' : 'stdout');

/** An agent may say anything: what is no failed Status becomes one, with the words that it has. */
function statusOf(text: string): Status | undefined {
  if (text === '') return undefined;
  const { status, message, reason, details, code } = parseStatus(text);
  if (status === 'Success') return undefined;
  const sound = typeof reason === 'string' && Object.hasOwn(httpCodeOf, reason) ? reason : 'InternalError';
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: typeof message === 'string' ? message : 'the node reported a failure',
    reason: sound,
    ...(typeof details === 'object' && details !== null ? { details } : {}),
    code: Number.isInteger(code) && Number(code) >= 400 && Number(code) <= 599 ? Number(code) : httpCodeOf[sound],
  };
}

function parseStatus(text: string): Partial<Status> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return { message: text };
  }
}

/** A frame from the agent. Throws ApiError BadRequest for one that says nothing. */
export function fromLinkUp(message: wire.LinkUp): UpFrame {
  const { stream } = message;
  if (message.hello !== undefined) return { stream, type: 'hello', ...message.hello };
  if (message.pong !== undefined) return { stream, type: 'pong' };
  if (message.credit !== undefined) return { stream, type: 'credit', bytes: message.credit };
  if (message.data !== undefined)
    return { stream, type: 'data', channel: outputOf(message.data.channel), data: message.data.data };
  if (message.end !== undefined) {
    const { exitCode, statusJson } = message.end;
    return { stream, type: 'end', outcome: { exitCode, status: statusOf(statusJson) } };
  }
  throw badRequest('a link message without a frame');
}
