/** What both doors do with a running pod: ask admission, find it, check that it can, open a stream on its node's link. */
import { badRequest, type Clock, type JsonObject } from '@skiff/api';
import { listAt, own, textAt } from '../patch/values.ts';
import type { Registry, RequestContext } from '../registry/contract.ts';
import type { Links } from './link.ts';
import type { NodeStream } from './node-stream.ts';
import {
  checkStreams,
  chooseContainer,
  type ExecStreams,
  type LogOptions,
  logOptionsFault,
  type PodFacts,
  podFacts,
  requireLive,
  requireLogs,
  requireNode,
} from './pod-rules.ts';

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export interface ExecOptions extends ExecStreams {
  readonly container: string;
  readonly command: readonly string[];
}

/** Streams to pods. Each throws ApiError: NotFound, BadRequest, Invalid, or ServiceUnavailable when the node has no link here. */
export interface PodStreams {
  logs(context: RequestContext, pod: PodName, options: LogOptions): Promise<NodeStream>;
  exec(context: RequestContext, pod: PodName, options: ExecOptions): Promise<NodeStream>;
  attach(context: RequestContext, pod: PodName, options: ExecStreams & { container: string }): Promise<NodeStream>;
  /** Checks once, then opens a stream for each connection to `port` of the pod. `ports`: those that are known beforehand. */
  portForward(context: RequestContext, pod: PodName, ports: readonly number[]): Promise<(port: number) => NodeStream>;
}

const maxPort = 65_535;

/** Throws ApiError BadRequest. */
export function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > maxPort)
    throw badRequest(`unable to parse ${JSON.stringify(port)} as a port: it must be between 1 and ${maxPort}`);
  return port;
}

export function createPodStreams(parts: { registry: Registry; links: Links; clock: Clock }): PodStreams {
  const { registry, links, clock } = parts;

  const find = async (context: RequestContext, { namespace, name }: PodName): Promise<PodFacts> => {
    const target = { group: '', version: 'v1', resource: 'pods', namespace, name, subresource: '' };
    const answer = await registry.get(context, target, { resourceVersion: '' });
    return podFacts(JSON.parse(answer.text) as JsonObject);
  };

  /** sinceSeconds is relative to now: an agent gets an instant. */
  const sinceOf = ({ sinceSeconds, sinceTime }: LogOptions): string =>
    sinceSeconds === undefined ? sinceTime : new Date(Math.max(0, clock.now() - sinceSeconds * 1000)).toISOString();

  const admit = (context: RequestContext, { namespace, name }: PodName, subresource: string, options: JsonObject) =>
    registry.connect(context, { group: '', version: 'v1', resource: 'pods', namespace, name, subresource }, options);

  const command = async (context: RequestContext, name: PodName, asked: ExecOptions, type: 'exec' | 'attach') => {
    const options = fromAdmitted(await admit(context, name, type, toAdmit(asked, type)));
    if (type === 'exec' && options.command.length === 0)
      throw badRequest('you must specify at least one command for the container');
    const streams = checkStreams(options);
    const pod = await find(context, name);
    requireLive(pod);
    const container = chooseContainer(pod, options.container);
    const link = links.of(requireNode(pod));
    return link.open({ type, podUid: pod.uid, container, command: options.command, ...pick(streams) });
  };

  return {
    async logs(context, name, options) {
      const fault = logOptionsFault(options, name.name);
      if (fault !== undefined) throw fault;
      const pod = await find(context, name);
      const container = chooseContainer(pod, options.container);
      const nodeName = requireNode(pod);
      requireLogs(pod, container, options.previous);
      const { follow, previous, tailLines, timestamps, limitBytes } = options;
      const sinceTime = sinceOf(options);
      const open = { podUid: pod.uid, container, follow, previous, tailLines, sinceTime, timestamps, limitBytes };
      return links.of(nodeName).open({ type: 'logs', ...open });
    },
    exec: (context, name, options) => command(context, name, options, 'exec'),
    attach: (context, name, options) => command(context, name, { ...options, command: [] }, 'attach'),
    async portForward(context, name, ports) {
      await admit(context, name, 'portforward', ports.length === 0 ? {} : { ports: [...ports] });
      const pod = await find(context, name);
      const nodeName = requireNode(pod);
      if (pod.phase !== 'Running')
        throw badRequest(`unable to forward port because pod is not running. Current status=${pod.phase}`);
      const link = links.of(nodeName);
      return (port) => link.open({ type: 'portForward', podUid: pod.uid, port: checkPort(port) });
    },
  };
}

/** A PodExecOptions or PodAttachOptions: what is false or empty is left out, as Go leaves it out. */
function toAdmit(options: ExecOptions, type: 'exec' | 'attach'): JsonObject {
  const { stdin, stdout, stderr, tty, container, command } = options;
  const flags = Object.entries({ stdin, stdout, stderr, tty }).filter(([, isSet]) => isSet);
  return {
    ...Object.fromEntries(flags),
    ...(container === '' ? {} : { container }),
    ...(type === 'exec' ? { command: [...command] } : {}),
  };
}

function fromAdmitted(options: JsonObject): ExecOptions {
  const flag = (name: string): boolean => own(options, name) === true;
  return {
    ...{ stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') },
    container: textAt(options, 'container'),
    command: listAt(options, 'command').map(String),
  };
}

const pick = ({ stdin, stdout, stderr, tty }: ExecStreams): ExecStreams => ({ stdin, stdout, stderr, tty });
