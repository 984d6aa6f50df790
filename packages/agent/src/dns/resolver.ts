/** From a question's bytes to the answer's bytes: the cluster's names from the view, all others from upstream. */
import type { Logger, Random } from '@skiff/api';
import dnsPacket from 'dns-packet';
import { type Answer, answer, startOfAuthority, type Zone } from './answer.ts';
import type { Forward } from './forward.ts';
import { type DataRecord, decode, encodeReply, isWritableName, parseQuery, type Query, type Reply } from './message.ts';
import type { DnsView } from './view.ts';

export interface ResolverOptions {
  readonly zone: Zone;
  readonly view: DnsView;
  /** Before the cluster's lists are read, "no such name" could be a lie. */
  readonly isReady: () => boolean;
  readonly forward: Forward;
  readonly random: Random;
  readonly counters: DnsCounters;
  readonly logger: Logger;
}

/** What was served since the start. */
export interface DnsCounters {
  queries: number;
  /** Packets that were no queries. */
  noise: number;
  forwarded: number;
  /** Answers by code. */
  readonly replies: Map<string, number>;
}

export const newCounters = (): DnsCounters => ({ queries: 0, noise: 0, forwarded: 0, replies: new Map() });

/** Undefined: no answer is due. Never rejects. */
export type Resolve = (packet: Buffer, transport: 'udp' | 'tcp') => Promise<Buffer | undefined>;

/** How many external names may point to one another. */
const maxAliases = 8;

const serverFailure: Reply = { rcode: 'SERVFAIL', authoritative: false };

export function resolver(options: ResolverOptions): Resolve {
  const { zone, view, isReady, forward, random, counters, logger } = options;

  const count = (rcode: string): void => {
    counters.replies.set(rcode, (counters.replies.get(rcode) ?? 0) + 1);
  };

  const reply = (query: Query, content: Reply, transport: 'udp' | 'tcp'): Buffer => {
    count(content.rcode);
    return encodeReply(query, content, transport);
  };

  const relay = async (query: Query, packet: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> => {
    counters.forwarded += 1;
    const answered = await forward(packet, transport);
    if (answered === undefined) return reply(query, serverFailure, transport);
    count(decode(answered)?.rcode ?? 'FORMERR');
    return answered;
  };

  const resolveAlias = async (query: Query, first: Extract<Answer, { kind: 'alias' }>): Promise<Reply> => {
    const chain: DataRecord[] = [];
    let next: Answer = first;
    while (next.kind === 'alias' && chain.length < maxAliases) {
      if (!isWritableName(next.target)) return serverFailure;
      chain.push(next.record);
      const target: string = next.target;
      next = answer({ name: target, type: query.type }, zone, view);
      if (next.kind === 'elsewhere') chain.push(...(await askElsewhere(target, query.type, forward, random, counters)));
    }
    if (next.kind === 'alias') return serverFailure;
    const found = next.kind === 'exists' ? next.answers : [];
    return { rcode: 'NOERROR', authoritative: true, answers: [...chain, ...found] };
  };

  const content = (query: Query, found: Exclude<Answer, { kind: 'elsewhere' | 'alias' }>): Reply => {
    if (found.kind === 'exists' && found.answers.length > 0) {
      return {
        rcode: 'NOERROR',
        authoritative: true,
        answers: rotated(found.answers, random),
        additionals: found.additionals,
      };
    }
    const soa = startOfAuthority(
      query.name.toLowerCase().endsWith('.in-addr.arpa') ? 'in-addr.arpa' : zone.domain,
      zone,
    );
    const rcode = found.kind === 'exists' ? 'NOERROR' : 'NXDOMAIN';
    return { rcode, authoritative: true, authorities: [soa] };
  };

  const resolve = async (query: Query, packet: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> => {
    const found = answer(query, zone, view);
    if (found.kind === 'elsewhere') return relay(query, packet, transport);
    if (!isReady()) return reply(query, serverFailure, transport);
    return reply(query, found.kind === 'alias' ? await resolveAlias(query, found) : content(query, found), transport);
  };

  return async (packet, transport) => {
    const parsed = parseQuery(packet);
    if (parsed.kind === 'noise') {
      counters.noise += 1;
      return undefined;
    }
    counters.queries += 1;
    const { query } = parsed;
    if (parsed.kind === 'refusal') return reply(query, { rcode: parsed.rcode, authoritative: false }, transport);
    try {
      return await resolve(query, packet, transport);
    } catch (error) {
      // A record that cannot be written (the server let a bad name in) must not take the DNS down.
      logger.error({ err: error, name: query.name }, 'DNS question could not be answered');
      return reply(query, serverFailure, transport);
    }
  };
}

/** Spreads clients that take the first address over all of them. */
function rotated(records: readonly DataRecord[], random: Random): DataRecord[] {
  const by = Math.floor(random() * records.length);
  return [...records.slice(by), ...records.slice(0, by)];
}

/** The records of an external name; none when nobody can be asked, and the client is left with the alias. */
async function askElsewhere(
  name: string,
  type: string,
  forward: Forward,
  random: Random,
  counters: DnsCounters,
): Promise<DataRecord[]> {
  counters.forwarded += 1;
  const id = Math.floor(random() * 65536);
  const flags = dnsPacket.RECURSION_DESIRED;
  const answered = await forward(dnsPacket.encode({ id, type: 'query', flags, questions: [{ name, type }] }), 'udp');
  const packet = answered === undefined ? undefined : decode(answered);
  return (packet?.answers ?? []).flatMap((record): DataRecord[] => {
    const { name: owner, type: kind, ttl = 0, data } = record;
    const plain = kind === 'A' || kind === 'AAAA' || kind === 'CNAME';
    return plain && typeof data === 'string' ? [{ name: owner, type: kind, ttl, data }] : [];
  });
}
