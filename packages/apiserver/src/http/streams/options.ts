/** Query parameters of stream subresources: PodLogOptions, PodExecOptions, PodAttachOptions, PodPortForwardOptions. */
import { badRequest } from '@skiff/api';
import type { LogOptions } from '../../link/pod-rules.ts';
import { checkPort, type ExecOptions } from '../../link/pod-streams.ts';
import { flag, optionalFlag, optionalInt, type Query } from '../query.ts';

/** Throws ApiError BadRequest for numbers that are none. */
export function logOptions(query: Query): LogOptions {
  return {
    container: query.get('container') ?? '',
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    tailLines: optionalInt(query, 'tailLines'),
    sinceSeconds: optionalInt(query, 'sinceSeconds'),
    sinceTime: query.get('sinceTime') ?? '',
    timestamps: flag(query, 'timestamps'),
    limitBytes: optionalInt(query, 'limitBytes'),
  };
}

/** `stdout` and `stderr` default to true when the query names none of the streams' own flags, as PodAttachOptions do. */
export function execOptions(query: Query, type: 'exec' | 'attach'): ExecOptions {
  const byDefault = type === 'attach';
  return {
    container: query.get('container') ?? '',
    command: query.getAll('command'),
    stdin: flag(query, 'stdin'),
    stdout: optionalFlag(query, 'stdout') ?? byDefault,
    stderr: optionalFlag(query, 'stderr') ?? byDefault,
    tty: flag(query, 'tty'),
  };
}

/** Two channels a port, and a channel's number is one byte. */
const maxPorts = 128;

/** The ports that WebSocket forwarding names in its URL. Throws ApiError BadRequest for one that is none, for none and for too many. */
export function forwardPorts(query: Query): readonly number[] {
  const ports = query
    .getAll('ports')
    .flatMap((value) => value.split(','))
    .map((value) => {
      if (!/^\d{1,9}$/.test(value)) throw badRequest(`unable to parse ${JSON.stringify(value.slice(0, 32))} as a port`);
      return checkPort(Number(value));
    });
  if (ports.length === 0) throw badRequest('at least one port must be specified');
  if (ports.length > maxPorts) throw badRequest(`at most ${maxPorts} ports can be forwarded at once`);
  return ports;
}
