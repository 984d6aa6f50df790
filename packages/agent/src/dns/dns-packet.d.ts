/** The part of dns-packet 5 that we use; the package brings no types. */
declare module 'dns-packet' {
  export interface Question {
    name: string;
    type: string;
    class: string;
  }

  export interface SrvData {
    priority: number;
    weight: number;
    port: number;
    target: string;
  }

  export interface SoaData {
    mname: string;
    rname: string;
    serial: number;
    refresh: number;
    retry: number;
    expire: number;
    minimum: number;
  }

  export type DataRecord =
    | { name: string; type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'; ttl: number; data: string }
    | { name: string; type: 'TXT'; ttl: number; data: string }
    | { name: string; type: 'SRV'; ttl: number; data: SrvData }
    | { name: string; type: 'SOA'; ttl: number; data: SoaData };

  export interface OptRecord {
    name: '.';
    type: 'OPT';
    udpPayloadSize: number;
    extendedRcode: number;
    ednsVersion: number;
    flags: number;
    options: readonly unknown[];
  }

  /** Any record as it is read: of a type we write, or not. */
  export interface ReadRecord {
    name: string;
    type: string;
    ttl?: number;
    data?: unknown;
    udpPayloadSize?: number;
    ednsVersion?: number;
  }

  export interface Packet {
    id: number;
    type: 'query' | 'response';
    opcode: string;
    rcode: string;
    flag_tc: boolean;
    flag_rd: boolean;
    questions: Question[];
    answers: ReadRecord[];
    authorities: ReadRecord[];
    additionals: ReadRecord[];
  }

  export interface NewPacket {
    id: number;
    type: 'query' | 'response';
    flags: number;
    questions: readonly { name: string; type: string; class?: string }[];
    answers?: readonly (DataRecord | OptRecord)[];
    additionals?: readonly (DataRecord | OptRecord)[];
  }

  /** Throws on malformed input. */
  export function decode(packet: Buffer): Packet;
  export function encode(packet: NewPacket): Buffer;

  export const question: { decode: { (packet: Buffer, offset: number): Question; bytes: number } };
  export const answer: { encode(record: DataRecord | OptRecord): Buffer };
  export const name: { encodingLength(name: string): number };

  export const AUTHORITATIVE_ANSWER: number;
  export const TRUNCATED_RESPONSE: number;
  export const RECURSION_DESIRED: number;
  export const RECURSION_AVAILABLE: number;
}
