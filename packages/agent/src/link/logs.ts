/** A container's log, as fast as the client takes it. */
import { badRequest, type Pod } from '@skiff/api';
import type { OpenLogs } from '@skiff/api/wire';
import type { LogOptions, Runtime } from '../runtime/contract.ts';
import { isWaiting, loggedContainer } from './containers.ts';
import type { Conversation } from './conversation.ts';

/** The pods of this node, with the newest status that the agent made. */
export interface PodLookup {
  get(uid: string): Pod | undefined;
}

/** Returns when the log ends, or `limitBytes` of it were sent. */
export async function serveLogs(
  parts: { readonly runtime: Runtime; readonly pods: PodLookup },
  conversation: Conversation,
  open: OpenLogs,
): Promise<void> {
  const { runtime, pods } = parts;
  const { podUid, container: name, previous } = open;
  const waiting = isWaiting(pods.get(podUid), name);
  const { id } = loggedContainer(await runtime.list({ podUid }), { name, previous, waiting });
  let left = open.limitBytes === undefined ? Number.POSITIVE_INFINITY : Number(open.limitBytes);
  for await (const { channel, data } of runtime.logs(id, logOptions(open, conversation.signal))) {
    const part = data.subarray(0, left);
    await conversation.write(channel, part);
    left -= part.length;
    if (left <= 0) return;
  }
}

function logOptions(open: OpenLogs, signal: AbortSignal): LogOptions {
  const sinceMs = open.sinceTime === '' ? undefined : Date.parse(open.sinceTime);
  if (Number.isNaN(sinceMs)) throw badRequest(`${JSON.stringify(open.sinceTime)} is not a time`);
  return {
    follow: open.follow && !open.previous,
    timestamps: open.timestamps,
    ...(open.tailLines === undefined ? {} : { tail: Number(open.tailLines) }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    signal,
  };
}
