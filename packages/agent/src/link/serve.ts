/** What each kind of stream does on this node. */
import { badRequest, type Clock } from '@skiff/api';
import type { StreamOpen } from '@skiff/api/wire';
import type { Runtime } from '../runtime/contract.ts';
import { serveAttach, serveExec } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type PodDial, serveForward } from './forward.ts';
import { type PodLookup, serveLogs } from './logs.ts';
import type { Stats } from './stats.ts';

export interface ServeParts {
  readonly runtime: Runtime;
  readonly pods: PodLookup;
  readonly dial: PodDial;
  readonly stats: Stats;
  /** The bytes of a page of this node. Throws ApiError NotFound when it has none of that path. */
  readonly pages: (path: string) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
}

/** Serves one stream to its end; answers the exit code when a command ran to its end. Throws when it failed. */
export async function serve(
  parts: ServeParts,
  conversation: Conversation,
  open: StreamOpen,
): Promise<number | undefined> {
  if (open.exec !== undefined) return serveExec(parts, conversation, open.exec);
  if (open.logs !== undefined) await serveLogs(parts, conversation, open.logs);
  else if (open.attach !== undefined) await serveAttach(parts.runtime, conversation, open.attach);
  else if (open.portForward !== undefined) await serveForward(parts, conversation, open.portForward);
  else if (open.stats !== undefined)
    await conversation.write('stdout', Buffer.from(JSON.stringify(await parts.stats())));
  else if (open.page !== undefined)
    for await (const piece of parts.pages(open.page.path)) await conversation.write('stdout', piece);
  else throw badRequest('this agent does not know what the stream is to carry');
  return undefined;
}
