/**
 * The messages of skiff.v1 as TypeScript sees them: what `proto/skiff/v1` says, in camel case, 64-bit numbers as strings, enums as
 * their names, bytes as Buffers. On the way in every plain field is filled with proto3's default; members of a oneof and
 * `optional` fields may be absent. `messages.test.ts` holds this page against the protos.
 */

export interface Target {
  group: string;
  version: string;
  resource: string;
  namespace: string;
  name: string;
  subresource: string;
}

export type Encoding = 'ENCODING_JSON' | 'ENCODING_PROTOBUF' | 'ENCODING_TABLE';

/** google.protobuf.Any, by the names that it is declared with. */
export interface AnyMessage {
  type_url: string;
  value: Buffer;
}

export interface ObjectMessage {
  json?: string;
  message?: AnyMessage;
  warnings: string[];
}

export interface ObjectList {
  items: string[];
  resourceVersion: string;
  continue: string;
  remainingItemCount: string;
  messages: AnyMessage[];
}

export interface GetRequest {
  target: Target | null;
  resourceVersion: string;
  accept: Encoding;
}

export interface ListRequest {
  target: Target | null;
  labelSelector: string;
  fieldSelector: string;
  limit: string;
  continue: string;
  resourceVersion: string;
  resourceVersionMatch: string;
  accept: Encoding;
}

export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: string;
}

export interface CreateRequest {
  target: Target | null;
  object: ObjectMessage | null;
  options: WriteOptions | null;
  accept: Encoding;
}

export type UpdateRequest = CreateRequest;

export type PatchType =
  | 'PATCH_TYPE_UNSPECIFIED'
  | 'PATCH_TYPE_JSON'
  | 'PATCH_TYPE_MERGE'
  | 'PATCH_TYPE_STRATEGIC'
  | 'PATCH_TYPE_APPLY';

export interface PatchRequest {
  target: Target | null;
  type: PatchType;
  patch: string;
  options: WriteOptions | null;
  force: boolean;
  accept: Encoding;
}

export interface DeleteOptions {
  dryRun: boolean;
  gracePeriodSeconds?: string;
  propagationPolicy: string;
  uid: string;
  resourceVersion: string;
}

export interface DeleteRequest {
  target: Target | null;
  options: DeleteOptions | null;
  accept: Encoding;
}

export interface DeleteCollectionRequest {
  target: Target | null;
  labelSelector: string;
  fieldSelector: string;
  options: DeleteOptions | null;
}

export interface WatchRequest {
  target: Target | null;
  labelSelector: string;
  fieldSelector: string;
  resourceVersion: string;
  allowBookmarks: boolean;
  timeoutSeconds: string;
  sendInitialEvents: boolean;
  accept: Encoding;
}

export type EventType =
  | 'EVENT_TYPE_UNSPECIFIED'
  | 'EVENT_TYPE_ADDED'
  | 'EVENT_TYPE_MODIFIED'
  | 'EVENT_TYPE_DELETED'
  | 'EVENT_TYPE_BOOKMARK';

export interface WatchEvent {
  type: EventType;
  json: string;
  message: AnyMessage | null;
}

export interface WatchBatch {
  events: WatchEvent[];
}

export interface LogsRequest {
  namespace: string;
  pod: string;
  container: string;
  follow: boolean;
  previous: boolean;
  tailLines?: string;
  sinceSeconds?: string;
  sinceTime: string;
  timestamps: boolean;
  limitBytes?: string;
}

export interface LogChunk {
  data: Buffer;
}

export interface ExecOpen {
  namespace: string;
  pod: string;
  container: string;
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Exactly one member. */
export interface ExecInput {
  open?: ExecOpen;
  stdin?: Buffer;
  resize?: TerminalSize;
  stdinClosed?: boolean;
}

/** Exactly one member. */
export interface ExecOutput {
  stdout?: Buffer;
  stderr?: Buffer;
  exitCode?: number;
}

export interface PortForwardOpen {
  namespace: string;
  pod: string;
  port: number;
}

/** Exactly one member. */
export interface PortForwardInput {
  open?: PortForwardOpen;
  data?: Buffer;
}

export interface PortForwardOutput {
  data: Buffer;
}

export interface JoinRequest {
  token: string;
  nodeName: string;
  csrPem: string;
}

export interface RenewRequest {
  csrPem: string;
}

export interface JoinResponse {
  certificatePem: string;
  caPem: string;
}

export interface LinkHello {
  nodeName: string;
  agentVersion: string;
}

export type Channel = 'CHANNEL_UNSPECIFIED' | 'CHANNEL_STDIN' | 'CHANNEL_STDOUT' | 'CHANNEL_STDERR';

export interface StreamData {
  channel: Channel;
  data: Buffer;
}

export interface StreamEnd {
  channel: Channel;
  exitCode?: number;
  statusJson: string;
}

/** Exactly one member besides `stream`. */
export interface LinkUp {
  stream: number;
  hello?: LinkHello;
  pong?: boolean;
  data?: StreamData;
  end?: StreamEnd;
  credit?: number;
}

/** Exactly one member besides `stream`. */
export interface LinkDown {
  stream: number;
  open?: StreamOpen;
  ping?: boolean;
  data?: StreamData;
  end?: StreamEnd;
  credit?: number;
  resize?: TerminalSize;
}

/** Exactly one member. */
export interface StreamOpen {
  logs?: OpenLogs;
  exec?: OpenExec;
  attach?: OpenExec;
  portForward?: OpenPortForward;
  stats?: Record<string, never>;
  page?: OpenPage;
}

export interface OpenPage {
  path: string;
}

export interface OpenLogs {
  podUid: string;
  container: string;
  follow: boolean;
  previous: boolean;
  tailLines?: string;
  sinceTime: string;
  timestamps: boolean;
  limitBytes?: string;
}

export interface OpenExec {
  podUid: string;
  container: string;
  command: string[];
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface OpenPortForward {
  podUid: string;
  port: number;
}
