/** Cluster DNS over real sockets on loopback, with an upstream of the test's own. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { Service } from '@skiff/api';
import dnsPacket, { type DataRecord, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandRunner } from '../network/command.ts';
import { filledInformers, recordingLogger, runningClock } from '../network/testing/doubles.ts';
import { namespace, service, slice } from '../network/testing/objects.ts';
import { type Dns, type DnsOptions, startDns } from './index.ts';
import { FrameReader, frame } from './tcp-frames.ts';

const address = '127.0.0.153';
const logger = recordingLogger();
const stop = new AbortController();
const informers = filledInformers();
const commands: string[] = [];
const run: CommandRunner = async (command, args) => {
  commands.push([command, ...args].join(' '));
  return { code: 0, stdout: '', stderr: '' };
};

const options = (more: Partial<DnsOptions> = {}): DnsOptions => ({
  informers,
  address,
  port: 0,
  domain: 'cluster.local',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/12',
  upstreams: [],
  clock: runningClock,
  random: () => 0,
  logger,
  run,
  ...more,
});

let upstream: { readonly port: number; readonly asked: string[]; close(): void };
let dns: Dns;
let client: Socket;

/** Answers every A question with 192.0.2.1, over TCP with 192.0.2.2; `silent.` never, `lost.` first with someone else's id. */
async function startUpstream(): Promise<typeof upstream> {
  const asked: string[] = [];
  const answerTo = (packet: Buffer, data: string): Buffer | undefined => {
    const { id, questions } = dnsPacket.decode(packet);
    const name = questions[0]?.name ?? '';
    asked.push(name);
    if (name === 'silent.example.com') return undefined;
    const answers: DataRecord[] = [{ name, type: 'A', ttl: 60, data }];
    return dnsPacket.encode({ id, type: 'response', flags: 0, questions, answers });
  };
  const tcp: Server = createServer((socket) => {
    const reader = new FrameReader();
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const packet of reader.read(bytes)) {
        const reply = answerTo(packet, '192.0.2.2');
        if (reply !== undefined) socket.write(frame(reply));
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const bound = tcp.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const udp = createSocket('udp4');
  udp.on('message', (packet, from) => {
    const reply = answerTo(packet, '192.0.2.1');
    if (reply === undefined) return;
    const forged = Buffer.from(reply);
    forged.writeUInt16BE((reply.readUInt16BE(0) + 1) % 65536, 0);
    udp.send(forged, from.port, from.address);
    udp.send(reply, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    port,
    asked,
    close() {
      tcp.close();
      udp.close();
    },
  };
}

const encodeQuestion = (
  name: string,
  type: string,
  payload?: number,
  more: { class?: string; version?: number } = {},
): Buffer =>
  dnsPacket.encode({
    id: 4711,
    type: 'query',
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type, class: more.class ?? 'IN' }],
    additionals:
      payload === undefined
        ? []
        : [
            {
              name: '.',
              type: 'OPT',
              udpPayloadSize: payload,
              extendedRcode: 0,
              ednsVersion: more.version ?? 0,
              flags: 0,
              options: [],
            },
          ],
  });

async function exchange(packet: Buffer, server = dns): Promise<Buffer> {
  client.send(packet, server.port, address);
  const [reply] = (await once(client, 'message')) as [Buffer];
  return reply;
}

const ask = async (name: string, type = 'A', payload?: number, server = dns): Promise<Packet> =>
  dnsPacket.decode(await exchange(encodeQuestion(name, type, payload), server));

function askTcp(packets: readonly Buffer[]): Promise<Packet[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(dns.port, address);
    const reader = new FrameReader();
    const found: Packet[] = [];
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      for (const message of reader.read(bytes)) found.push(dnsPacket.decode(message));
      if (found.length < packets.length) return;
      socket.destroy();
      resolve(found);
    });
    socket.write(Buffer.concat(packets.map(frame)));
  });
}

const datas = ({ answers }: Packet): unknown[] => answers.map(({ data }) => data);

beforeAll(async () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ ip: `10.244.3.${i + 1}`, hostname: `pod-${i}`, ready: true }));
  informers.put(
    namespace('default'),
    service('default/web', { clusterIP: '10.96.0.5' }),
    service('default/many', { clusterIP: 'None' }),
    slice('default/many', many),
    service('default/out', { type: 'ExternalName', externalName: 'db.example.com' }),
    service('default/inside', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
    service('default/loop', { type: 'ExternalName', externalName: 'loop.default.svc.cluster.local' }),
    service('default/bad', { type: 'ExternalName', externalName: `${'a'.repeat(64)}.example.com` }),
  );
  informers.sync();
  upstream = await startUpstream();
  client = createSocket('udp4');
  client.bind();
  dns = startDns(
    options({
      upstreams: [
        { host: address, port: 9 },
        { host: '127.0.0.1', port: upstream.port },
      ],
    }),
    stop.signal,
  );
  await dns.settled();
});

afterAll(() => {
  stop.abort();
  client.close();
  upstream.close();
});

describe('the cluster over UDP', () => {
  test('a service has its address; the question comes back letter by letter', async () => {
    const asked = encodeQuestion('wEb.DEFAULT.svc.cluster.Local', 'A');
    const reply = await exchange(asked);
    expect(reply.subarray(12, asked.length)).toEqual(asked.subarray(12));
    const packet = dnsPacket.decode(reply);
    expect(packet).toMatchObject({
      id: 4711,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_rd: true,
      flag_ra: true,
      flag_tc: false,
    });
    expect(packet.answers).toEqual([
      { name: 'wEb.DEFAULT.svc.cluster.Local', type: 'A', class: 'IN', flush: false, ttl: 5, data: '10.96.0.5' },
    ]);
  });

  test.each([
    ['none.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['web.default.svc.cluster.local', 'AAAA', 'NOERROR'],
    ['77.0.96.10.in-addr.arpa', 'PTR', 'NXDOMAIN'],
  ])('%s %s is a no (%s) with a start of authority', async (name, type, rcode) => {
    const packet = await ask(name, type);
    expect(packet).toMatchObject({ rcode, answers: [] });
    expect(packet.authorities).toHaveLength(1);
    expect(packet.authorities[0]).toMatchObject({ type: 'SOA', ttl: 5, data: { minimum: 5 } });
  });

  test('an answer that does not fit is cut and says so; EDNS makes room; TCP has all', async () => {
    const name = 'many.default.svc.cluster.local';
    const cut = await ask(name);
    expect(cut.flag_tc).toBe(true);
    expect(cut.answers.length).toBeGreaterThan(20);
    expect(cut.answers.length).toBeLessThan(40);
    const roomy = await exchange(encodeQuestion(name, 'A', 4096));
    expect(roomy.length).toBeLessThanOrEqual(1232);
    expect(roomy.length).toBeGreaterThan(1200);
    const opt = dnsPacket.decode(roomy).additionals.at(-1);
    expect(opt).toMatchObject({ type: 'OPT', udpPayloadSize: 1232, ednsVersion: 0 });
    const [whole] = await askTcp([encodeQuestion(name, 'A')]);
    expect(whole?.flag_tc).toBe(false);
    expect(whole?.answers).toHaveLength(100);
  });

  test('additional records are left out without a word', async () => {
    const few = await ask('_http._tcp.web.default.svc.cluster.local', 'SRV');
    expect(few.additionals).toHaveLength(1);
    const [many] = await askTcp([encodeQuestion('_http._tcp.many.default.svc.cluster.local', 'SRV')]);
    expect(many?.answers).toHaveLength(100);
    expect(many?.additionals).toHaveLength(100);
  });
});

describe('external names', () => {
  test('are resolved to their end: outside, inside, or not at all', async () => {
    expect(datas(await ask('out.default.svc.cluster.local'))).toEqual(['db.example.com', '192.0.2.1']);
    expect(datas(await ask('inside.default.svc.cluster.local'))).toEqual([
      'web.default.svc.cluster.local',
      '10.96.0.5',
    ]);
    expect(await ask('loop.default.svc.cluster.local')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(await ask('bad.default.svc.cluster.local')).toMatchObject({ rcode: 'SERVFAIL' });
  });
});

describe('other names', () => {
  test('are asked upstream, over the transport the client took, past an upstream that is ourselves and an answer that is forged', async () => {
    const packet = await ask('www.example.com');
    expect(packet).toMatchObject({ id: 4711, rcode: 'NOERROR' });
    expect(datas(packet)).toEqual(['192.0.2.1']);
    const [overTcp] = await askTcp([encodeQuestion('www.example.com', 'A')]);
    expect(datas(overTcp as Packet)).toEqual(['192.0.2.2']);
  });

  test('of the cluster never leave', async () => {
    await ask('secret.default.svc.cluster.local');
    await ask('9.9.244.10.in-addr.arpa', 'PTR');
    expect(upstream.asked).not.toContain('secret.default.svc.cluster.local');
    expect(upstream.asked).not.toContain('9.9.244.10.in-addr.arpa');
  });

  test('fail at once without an upstream, and when nobody listens there', async () => {
    for (const upstreams of [[], [{ host: '127.0.0.1', port: 9 }]]) {
      const own = new AbortController();
      const alone = startDns(options({ upstreams }), own.signal);
      await alone.settled();
      expect(await ask('www.example.com', 'A', undefined, alone)).toMatchObject({ rcode: 'SERVFAIL' });
      own.abort();
    }
  });

  test('that nobody answers fail in the end', async () => {
    expect(await ask('silent.example.com')).toMatchObject({ rcode: 'SERVFAIL' });
  });
});

describe('what is no good question', () => {
  test.each<[string, Buffer, string]>([
    ['another class', encodeQuestion('web.default.svc.cluster.local', 'A', undefined, { class: 'CH' }), 'REFUSED'],
    ['a zone transfer', encodeQuestion('cluster.local', 'AXFR'), 'REFUSED'],
    ['a newer EDNS', encodeQuestion('web.default.svc.cluster.local', 'A', 1232, { version: 1 }), 'NOERROR'],
  ])('%s', async (title, packet, rcode) => {
    const reply = dnsPacket.decode(await exchange(packet));
    expect(reply.rcode).toBe(rcode);
    expect(reply.answers).toEqual([]);
    // BADVERS is 16: its low bits are zero, and the rest stands in the OPT record.
    if (title === 'a newer EDNS') expect(reply.additionals[0]).toMatchObject({ type: 'OPT', extendedRcode: 1 });
  });

  test('another opcode is not implemented', async () => {
    const notify = encodeQuestion('cluster.local', 'SOA');
    notify[2] = (4 << 3) | (notify[2] ?? 0);
    expect(dnsPacket.decode(await exchange(notify)).rcode).toBe('NOTIMP');
  });

  test('noise over UDP gets silence, and the server lives on', async () => {
    const before = dns.counters.noise;
    const response = encodeQuestion('web.default.svc.cluster.local', 'A');
    response[2] = 0x80 | (response[2] ?? 0);
    for (const packet of [Buffer.alloc(0), Buffer.from('x'), Buffer.alloc(12), Buffer.alloc(600, 0xff), response])
      client.send(packet, dns.port, address);
    expect(datas(await ask('web.default.svc.cluster.local'))).toEqual(['10.96.0.5']);
    expect(dns.counters.noise).toBe(before + 5);
  });

  test('noise over TCP closes that connection only', async () => {
    const socket = connect(dns.port, address);
    socket.write(frame(Buffer.from('noise, noise, noise')));
    socket.resume();
    await once(socket, 'close');
    const two = [
      encodeQuestion('web.default.svc.cluster.local', 'A'),
      encodeQuestion('none.default.svc.cluster.local', 'A'),
    ];
    expect((await askTcp(two)).map(({ rcode }) => rcode)).toEqual(['NOERROR', 'NXDOMAIN']);
  });
});

describe('life', () => {
  test('the address goes to lo, and leaves it at cleanup', async () => {
    expect(commands[0]).toBe(`ip address replace ${address}/32 dev lo`);
    const own = new AbortController();
    const other = startDns(options(), own.signal);
    await other.settled();
    own.abort();
    await other.cleanup();
    expect(commands.at(-1)).toBe(`ip address delete ${address}/32 dev lo`);
  });

  test('before the lists are read, names of the cluster fail instead of not existing', async () => {
    const own = new AbortController();
    const early = startDns(options({ informers: filledInformers() }), own.signal);
    await early.settled();
    expect(early.notReady()).toMatch(/not read yet/);
    expect(await ask('web.default.svc.cluster.local', 'A', undefined, early)).toMatchObject({ rcode: 'SERVFAIL' });
    own.abort();
  });

  test('a port that is taken is a reason not to be ready', async () => {
    const own = new AbortController();
    const second = startDns(options({ port: dns.port, logger: recordingLogger() }), own.signal);
    await second.settled();
    expect(second.notReady()).toMatch(/EADDRINUSE/);
    own.abort();
  });

  test('changes of services are seen at once', async () => {
    const fresh: Service = service('default/fresh', { clusterIP: '10.96.0.77' });
    informers.put(fresh);
    expect(datas(await ask('fresh.default.svc.cluster.local'))).toEqual(['10.96.0.77']);
    expect(datas(await ask('77.0.96.10.in-addr.arpa', 'PTR'))).toEqual(['fresh.default.svc.cluster.local']);
    informers.remove(fresh);
    expect(await ask('fresh.default.svc.cluster.local')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  test('nothing was worth a complaint, and answers were counted', () => {
    expect(logger.complaints).toEqual([]);
    expect(dns.counters.replies.get('NXDOMAIN')).toBeGreaterThan(3);
    expect(dns.counters.forwarded).toBeGreaterThan(3);
  });
});

test('random and broken packets never harm: an answer, or silence', async () => {
  const seed = encodeQuestion('web.default.svc.cluster.local', 'A', 1232);
  const broken = fc
    .array(fc.record({ at: fc.nat(seed.length - 1), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 8 })
    .map((changes) => {
      const packet = Buffer.from(seed);
      for (const { at, byte } of changes) packet[at] = byte;
      return packet;
    });
  const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const own = new AbortController();
  const alone = startDns(options(), own.signal);
  await alone.settled();
  const dealtWith = (): number =>
    alone.counters.noise + [...alone.counters.replies.values()].reduce((sum, count) => sum + count, 0);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(broken, random), async (packet) => {
      const before = dealtWith();
      round += 1;
      const probe = encodeQuestion(`probe-${round}.default.svc.cluster.local`, 'A');
      const probed = Promise.withResolvers<void>();
      const watch = (message: Buffer): void => {
        if (message.subarray(12, probe.length).equals(probe.subarray(12))) probed.resolve();
      };
      client.on('message', watch);
      client.send(packet, alone.port, address);
      // A good question right behind it: when its answer is here, the broken one has been dealt with.
      client.send(probe, alone.port, address);
      await probed.promise;
      client.off('message', watch);
      expect(dealtWith() - before).toBe(2);
    }),
    { numRuns: 300 },
  );
  own.abort();
  expect(logger.complaints).toEqual([]);
});
