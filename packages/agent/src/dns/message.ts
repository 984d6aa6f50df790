/** DNS messages on the wire: what a client asked (RFC 1035, RFC 6891), and the answer's bytes, cut to what the client can take. */
import dnsPacket, { type DataRecord, type OptRecord, type Packet } from 'dns-packet';

export type { DataRecord };

/** Numbers of RFC 1035 section 4.1.1 and RFC 6891 section 9. */
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export type Rcode = keyof typeof rcodes;

export interface Query {
  readonly id: number;
  /** As sent, case kept. '.' for the root. */
  readonly name: string;
  /** `A`, `SRV`, … or `UNKNOWN_n`. */
  readonly type: string;
  /** The question section's bytes: repeated in the answer just as they came. */
  readonly question: Buffer;
  readonly recursionDesired: boolean;
  /** How many bytes of UDP the client takes; undefined when it did not speak of EDNS. */
  readonly udpPayloadSize: number | undefined;
}

export type ParsedQuery =
  | { readonly kind: 'query'; readonly query: Query }
  /** A query that gets no better answer than this code. */
  | { readonly kind: 'refusal'; readonly query: Query; readonly rcode: Rcode }
  /** Not a query at all: silence, or two servers could shout at each other for ever. */
  | { readonly kind: 'noise' };

const headerBytes = 12;
const responseBit = 0x80;

export function parseQuery(packet: Buffer): ParsedQuery {
  if (packet.length <= headerBytes || ((packet[2] ?? 0) & responseBit) !== 0) return { kind: 'noise' };
  const decoded = decode(packet);
  const asked = decoded?.questions[0];
  if (decoded === undefined || asked === undefined) return { kind: 'noise' };
  dnsPacket.question.decode(packet, headerBytes);
  const opt = decoded.additionals.find(({ type }) => type === 'OPT');
  const query: Query = {
    id: decoded.id,
    name: asked.name,
    type: asked.type,
    question: packet.subarray(headerBytes, headerBytes + dnsPacket.question.decode.bytes),
    recursionDesired: decoded.flag_rd,
    udpPayloadSize: opt?.udpPayloadSize,
  };
  const rcode = faultOf(decoded, opt?.ednsVersion ?? 0);
  return rcode === undefined ? { kind: 'query', query } : { kind: 'refusal', query, rcode };
}

function faultOf(packet: Packet, ednsVersion: number): Rcode | undefined {
  if (packet.opcode !== 'QUERY') return 'NOTIMP';
  if (packet.questions.length !== 1) return 'FORMERR';
  if (ednsVersion !== 0) return 'BADVERS';
  if (packet.questions[0]?.class !== 'IN') return 'REFUSED';
  if (packet.questions[0].type === 'AXFR' || packet.questions[0].type === 'IXFR') return 'REFUSED';
  return undefined;
}

/** A message's content; undefined when its bytes make no sense. */
export function decode(packet: Buffer): Packet | undefined {
  try {
    return dnsPacket.decode(packet);
  } catch {
    return undefined;
  }
}

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly answers?: readonly DataRecord[];
  readonly authorities?: readonly DataRecord[];
  readonly additionals?: readonly DataRecord[];
}

/** Bytes of UDP that every client takes (RFC 1035), and that fit any path without fragments (dnsflagday.net/2020). */
const plainUdpBytes = 512;
const maxUdpBytes = 1232;
const maxTcpBytes = 65535;

/**
 * The answer's bytes. Over UDP, answers that do not fit are left out and the message says so (TC), so that the client asks again
 * over TCP; additional records that do not fit are just left out.
 */
export function encodeReply(query: Query, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const limit = transport === 'tcp' ? maxTcpBytes : udpLimit(query);
  const opt = query.udpPayloadSize === undefined ? [] : [dnsPacket.answer.encode(optOf(reply.rcode))];
  const room = limit - headerBytes - query.question.length - sizeOf(opt);
  const wanted = [...(reply.answers ?? []), ...(reply.authorities ?? [])].map((record) => encodeRecord(query, record));
  const answersWanted = reply.answers?.length ?? 0;
  const kept = takeWhileFits(wanted, room);
  const extra = takeWhileFits(
    (reply.additionals ?? []).map((record) => encodeRecord(query, record)),
    room - sizeOf(kept),
  );
  const truncated = kept.length < wanted.length;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(flagsOf(query, reply, truncated), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(Math.min(kept.length, answersWanted), 6);
  header.writeUInt16BE(Math.max(kept.length - answersWanted, 0), 8);
  header.writeUInt16BE((truncated ? 0 : extra.length) + opt.length, 10);
  return Buffer.concat([header, query.question, ...kept, ...(truncated ? [] : extra), ...opt]);
}

function udpLimit({ udpPayloadSize = plainUdpBytes }: Query): number {
  return Math.min(Math.max(udpPayloadSize, plainUdpBytes), maxUdpBytes);
}

function flagsOf(query: Query, { rcode, authoritative }: Reply, truncated: boolean): number {
  const response = responseBit << 8;
  return (
    response |
    (authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
    (truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) |
    (query.recursionDesired ? dnsPacket.RECURSION_DESIRED : 0) |
    dnsPacket.RECURSION_AVAILABLE |
    (rcodes[rcode] & 0xf)
  );
}

const optOf = (rcode: Rcode): OptRecord => ({
  name: '.',
  type: 'OPT',
  udpPayloadSize: maxUdpBytes,
  extendedRcode: rcodes[rcode] >> 4,
  ednsVersion: 0,
  flags: 0,
  options: [],
});

/** Where the question's name stands in every answer, as a compressed name (RFC 1035 section 4.1.4). */
const pointerToQuestion = Buffer.from([0xc0, headerBytes]);

/** The library writes every name in full; owner names that repeat the question's become a pointer: more answers fit into a datagram. */
function encodeRecord(query: Query, record: DataRecord): Buffer {
  const bytes = dnsPacket.answer.encode(record);
  if (record.name !== query.name) return bytes;
  return Buffer.concat([pointerToQuestion, bytes.subarray(dnsPacket.name.encodingLength(record.name))]);
}

function takeWhileFits(records: readonly Buffer[], room: number): Buffer[] {
  const taken: Buffer[] = [];
  let left = room;
  for (const record of records) {
    left -= record.length;
    if (left < 0) break;
    taken.push(record);
  }
  return taken;
}

const sizeOf = (buffers: readonly Buffer[]): number => buffers.reduce((sum, one) => sum + one.length, 0);

/** True for a name that can be written: labels of 1 to 63 bytes, 253 in all. */
export function isWritableName(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.');
  return Buffer.byteLength(name) <= 253 && labels.every((label) => label !== '' && Buffer.byteLength(label) <= 63);
}
