import { describe, expect, test } from 'vitest';
import type { CommandRunner } from '../network/command.ts';
import { recordingLogger } from '../network/testing/doubles.ts';
import { forgetStaleFlows, parseFlows, sameTargets, withGone } from './conntrack.ts';
import type { UdpTargets } from './rules.ts';

const line = (
  destination: string,
  port: number,
  answerer: string,
  answererPort: number,
  source = '10.244.1.9',
): string =>
  `udp      17 29 src=${source} dst=${destination} sport=40000 dport=${port} [UNREPLIED] src=${answerer} dst=${source} sport=${answererPort} dport=40000 mark=0 use=1`;

const targets: UdpTargets = new Map([
  ['10.96.0.5:53', new Set(['10.244.1.2:5353'])],
  ['10.96.0.6:53', new Set<string>()],
  [':30053', new Set(['10.244.1.2:5353'])],
]);

/** Which of the flows are forgotten. */
async function forgotten(listing: string): Promise<string[]> {
  const deleted: string[] = [];
  const run: CommandRunner = async (_command, args) => {
    if (args[0] === '-D') deleted.push(args.slice(args.indexOf('-d')).join(' '));
    return { code: 0, stdout: args[0] === '-L' ? listing : '', stderr: '' };
  };
  await forgetStaleFlows(targets, '192.168.0.1', run, recordingLogger());
  return deleted;
}

describe('a UDP flow', () => {
  test.each([
    ['that ends at a target is kept', line('10.96.0.5', 53, '10.244.1.2', 5353), []],
    [
      'that ends at another endpoint is forgotten',
      line('10.96.0.5', 53, '10.244.1.3', 5353),
      ['-d 10.96.0.5 --sport 40000 --dport 53'],
    ],
    [
      'that ends at another port is forgotten',
      line('10.96.0.5', 53, '10.244.1.2', 53),
      ['-d 10.96.0.5 --sport 40000 --dport 53'],
    ],
    [
      'that went nowhere, now that there are targets, is forgotten',
      line('10.96.0.5', 53, '10.96.0.5', 53),
      ['-d 10.96.0.5 --sport 40000 --dport 53'],
    ],
    ['that goes nowhere, and has nowhere to go, is kept', line('10.96.0.6', 53, '10.96.0.6', 53), []],
    [
      'to an endpoint of a port that has none left is forgotten',
      line('10.96.0.6', 53, '10.244.1.2', 53),
      ['-d 10.96.0.6 --sport 40000 --dport 53'],
    ],
    [
      'to a node port that was translated wrongly is forgotten',
      line('192.168.0.7', 30053, '10.244.1.3', 5353),
      ['-d 192.168.0.7 --sport 40000 --dport 30053'],
    ],
    [
      'to a node port of this node that was not translated is forgotten',
      line('192.168.0.1', 30053, '192.168.0.1', 30053),
      ['-d 192.168.0.1 --sport 40000 --dport 30053'],
    ],
    ['to the same port number of a stranger is kept', line('198.51.100.1', 30053, '198.51.100.1', 30053), []],
    ['that is none of ours is kept', line('8.8.8.8', 53, '8.8.8.8', 53), []],
  ])('%s', async (_title, listing, expected) => {
    expect(await forgotten(`${listing}\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.`)).toEqual(
      expected,
    );
  });
});

test('lines that are no flow are left out', () => {
  expect(
    parseFlows('conntrack v1.4.7\n\nicmp 1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=0 id=1 src=2.2.2.2 dst=1.1.1.1'),
  ).toEqual([]);
});

test('without the conntrack tool it says so, and goes on', async () => {
  const logger = recordingLogger();
  await forgetStaleFlows(targets, '192.168.0.1', async () => ({ code: 127, stdout: '', stderr: 'ENOENT' }), logger);
  expect(logger.complaints).toHaveLength(1);
});

test('virtual ports that are gone have no targets', () => {
  expect(
    [...withGone(new Map([['a:1', new Set(['x'])]]), targets).entries()].filter(([, set]) => set.size === 0),
  ).toHaveLength(3);
});

test('targets are the same when they say the same', () => {
  expect(sameTargets(targets, new Map([...targets].reverse()))).toBe(true);
  expect(sameTargets(targets, new Map([...targets].slice(1)))).toBe(false);
  expect(sameTargets(targets, new Map([...targets.keys()].map((key) => [key, new Set(['10.244.1.2:5353'])])))).toBe(
    false,
  );
});
