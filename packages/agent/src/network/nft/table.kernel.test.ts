/** Changing a table in place must end where building it from nothing ends: tried on the real kernel with random rulesets. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rulesFor } from '../../proxy/rules.ts';
import { type CommandRunner, output } from '../command.ts';
import { natRules } from '../nat.ts';
import { recordingLogger } from '../testing/doubles.ts';
import { type Host, newLab } from '../testing/lab.ts';
import { service, slice } from '../testing/objects.ts';
import type { Ruleset } from './ruleset.ts';
import { nftTable } from './table.ts';

const node = {
  ...{ name: 'n1', zone: undefined, ownAddresses: ['10.96.0.10'] },
  ...{ clusterCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/12' },
};

/** Small clusters that differ in all that changes rules. */
const policy = fc.constantFrom('Local' as const, 'Cluster' as const);
const rulesets: fc.Arbitrary<Ruleset> = fc
  .array(
    fc.record({
      endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 4 }),
      ...{ internal: policy, external: policy, sticky: fc.boolean(), guarded: fc.boolean() },
      type: fc.constantFrom('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
      protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
    }),
    { maxLength: 4 },
  )
  .map((shapes) => {
    const services = shapes.map((shape, i) =>
      service(
        `ns/s${i}`,
        {
          type: shape.type,
          clusterIP: `10.96.1.${i + 1}`,
          internalTrafficPolicy: shape.internal,
          externalTrafficPolicy: shape.external,
          sessionAffinity: shape.sticky ? 'ClientIP' : 'None',
          ...(shape.guarded ? { loadBalancerSourceRanges: ['10.0.0.0/8', '10.1.0.0/16', '192.168.0.0/24'] } : {}),
          ports: [{ name: 'p', port: 80, nodePort: 30000 + i, protocol: shape.protocol }],
        },
        { ingress: [`198.51.100.${i + 1}`] },
      ),
    );
    const slices = shapes.map(({ endpoints, protocol }, i) =>
      slice(
        `ns/s${i}`,
        endpoints.map((host) => ({ ip: `10.244.1.${host}`, node: host % 2 === 0 ? 'n1' : 'n2', ready: true })),
        [{ name: 'p', port: 8080, protocol }],
      ),
    );
    return rulesFor(services, slices, node);
  });

/** A table as the kernel has it, without what differs between equal tables: handles and order. */
async function listing({ run }: Host, table: string): Promise<string[]> {
  const text = await output(run, 'nft', ['-j', 'list', 'table', 'ip', table]);
  const { nftables } = JSON.parse(text) as {
    nftables: readonly Record<string, { elem?: unknown[]; handle?: number }>[];
  };
  const objects = nftables.map((object) => {
    const [[kind = '', body = {}] = []] = Object.entries(object);
    const { handle: _handle, elem, ...rest } = body;
    const elements = (elem ?? []).map((one) => JSON.stringify(one)).sort();
    return JSON.stringify([kind, rest, elements]).replaceAll(/__set\d+|__map\d+/g, 'anonymous');
  });
  // Rules keep their order within a chain; chains and collections have none.
  return objects.sort();
}

describe.skipIf(process.getuid?.() !== 0)('a table on the real kernel (needs root)', () => {
  const lab = newLab();
  let here: Host;
  let fresh: Host;

  beforeAll(async () => {
    here = await lab.host('nft-a');
    fresh = await lab.host('nft-b');
  });
  afterAll(() => lab.tearDown());

  test('changed in place equals one made from nothing, and is never rebuilt', async () => {
    const logger = recordingLogger();
    let keeper = nftTable('t', here.run, logger);
    await fc.assert(
      fc.asyncProperty(rulesets, fc.boolean(), async (ruleset, restarted) => {
        // A new keeper knows no more than the kernel tells it.
        if (restarted) keeper = nftTable('t', here.run, logger);
        await keeper.apply(ruleset);
        const made = nftTable('t', fresh.run, logger);
        await made.remove();
        await made.apply(ruleset);
        expect(await listing(here, 't')).toEqual(await listing(fresh, 't'));
      }),
      { numRuns: 40, endOnFailure: true },
    );
    expect(logger.complaints).toEqual([]);
  });

  test('of host ports changes in place too', async () => {
    const logger = recordingLogger();
    const table = nftTable('pods', here.run, logger);
    const port = (hostIP: string, hostPort: number) => ({
      hostIP,
      hostPort,
      containerPort: 80,
      protocol: 'TCP' as const,
    });
    await table.apply(natRules([], node));
    await table.apply(natRules([{ ips: ['10.244.1.2'], hostPorts: [port('', 8080), port('192.168.0.1', 80)] }], node));
    await nftTable('pods', here.run, logger).apply(
      natRules([{ ips: ['10.244.1.3'], hostPorts: [port('', 8080)] }], node),
    );
    expect(await output(here.run, 'nft', ['list', 'map', 'ip', 'pods', 'host-ports'])).toContain(
      'tcp . 8080 : 10.244.1.3 . 80',
    );
    expect(logger.complaints).toEqual([]);
  });

  test('of another shape under our name is rebuilt, with a word about it', async () => {
    const logger = recordingLogger();
    await output(here.run, 'nft', ['-f', '-'], {
      stdin: 'add table ip old\nadd map ip old services { type ipv4_addr : ipv4_addr ; }\n',
    });
    const table = nftTable('old', here.run, logger);
    await table.apply(rulesFor([service('ns/s', { clusterIP: '10.96.0.1' })], [], node));
    expect(logger.complaints).toEqual(['nftables table could not be changed in place, rebuilding it']);
    await table.remove();
    await table.remove();
    expect(await output(here.run, 'nft', ['list', 'tables'])).not.toContain('old');
  });

  test('of ten thousand services is told of one more in a line or two', async () => {
    const count = 10_000;
    const at = (i: number): string => `10.${96 + Math.floor(i / 65_536)}.${Math.floor(i / 256) % 256}.${i % 256}`;
    const services = Array.from({ length: count }, (_, i) => service(`ns/s${i}`, { clusterIP: at(i + 1) }));
    const slices = services.map((one, i) =>
      slice(
        `ns/${one.metadata.name}`,
        [1, 2, 3].map((n) => ({ ip: `10.244.${Math.floor(i / 250)}.${n}`, ready: true })),
      ),
    );
    let bytes = 0;
    const counted: CommandRunner = (command, args, options) => {
      bytes += options?.stdin?.length ?? 0;
      return here.run(command, args, options);
    };
    const table = nftTable('big', counted, recordingLogger());
    await table.apply(rulesFor(services, slices, node));
    expect(bytes).toBeGreaterThan(10 * count);
    bytes = 0;
    await table.apply(rulesFor([...services, service('ns/one-more', { clusterIP: '10.99.0.1' })], slices, node));
    expect(bytes).toBeLessThan(1000);
  }, 60_000);
});
