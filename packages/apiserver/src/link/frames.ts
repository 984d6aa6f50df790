/** What travels on a link, as closed unions; `grpc/` turns them into nodes.proto's messages and back. Stream 0 is the link itself. */
import type { Status } from '@skiff/api';

export type OutputChannel = 'stdout' | 'stderr';

/** A log request of one container, already resolved: times and limits are sound. */
export interface LogsOpen {
  readonly podUid: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tailLines: number | undefined;
  /** RFC 3339; '' for all. */
  readonly sinceTime: string;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
}

export interface ExecOpen {
  readonly podUid: string;
  readonly container: string;
  /** Empty for attach. */
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export type Open =
  | ({ readonly type: 'logs' } & LogsOpen)
  | ({ readonly type: 'exec' } & ExecOpen)
  | ({ readonly type: 'attach' } & ExecOpen)
  | { readonly type: 'portForward'; readonly podUid: string; readonly port: number }
  | { readonly type: 'stats' }
  | { readonly type: 'page'; readonly path: string };

/** From the API server. */
export type DownFrame = { readonly stream: number } & (
  | { readonly type: 'open'; readonly open: Open }
  | { readonly type: 'ping' }
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** No more stdin. */
  | { readonly type: 'endInput' }
  /** The conversation is over: nobody listens any more. */
  | { readonly type: 'end' }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
);

/** How a conversation ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  /** Set when it failed. */
  readonly status: Status | undefined;
}

/** From the agent. */
export type UpFrame = { readonly stream: number } & (
  | { readonly type: 'hello'; readonly nodeName: string; readonly agentVersion: string }
  | { readonly type: 'pong' }
  | { readonly type: 'data'; readonly channel: OutputChannel; readonly data: Uint8Array }
  | { readonly type: 'end'; readonly outcome: Outcome }
  | { readonly type: 'credit'; readonly bytes: number }
);
