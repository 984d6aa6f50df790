/** Many simulated nodes in one process, each with a certificate and a connection of its own. */
import type { Clock, Logger, Random } from '@skiff/api';
import { connect } from '@skiff/client/connect';
import { together } from '../async/together.ts';
import type { NodeTaint } from '../config.ts';
import { connectToJoin, join } from '../identity/index.ts';
import type { Habits } from './habits.ts';
import { createLuck } from './luck.ts';
import { runSimulatedNode } from './node.ts';

export interface FleetConfig {
  /** Numbers of this process' nodes, from `first`; node number 7 is called `<prefix>-7`. */
  readonly first: number;
  readonly count: number;
  readonly prefix: string;
  readonly endpoints: readonly string[];
  /** PEM of the cluster's authority. */
  readonly ca: string;
  /** Bootstrap token that every node joins with. */
  readonly token: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly maxPods: number;
  readonly seed: number;
  readonly habits: Habits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called for each node that is Ready for the first time. */
  readonly onReady: (nodeName: string) => void;
}

/** Nodes that may be on their way to Ready at a time. */
const startingAtOnce = 16;

/** Runs until the signal aborts, or rejects when a node is refused. */
export async function runFleet(config: FleetConfig, signal: AbortSignal): Promise<void> {
  const world = { luck: createLuck(config.seed), habits: config.habits };
  const gate = createGate(startingAtOnce);
  const joining = connectToJoin(config, config.ca);
  let joined = 0;
  const run = async (index: number, running: AbortSignal): Promise<void> => {
    const nodeName = `${config.prefix}-${index}`;
    await gate.enter();
    let inside = true;
    const leave = (): void => {
      if (inside) gate.leave();
      inside = false;
    };
    try {
      if (running.aborted) return;
      const asNode = { ...config, nodeName };
      const { certPem: cert, keyPem: key } = await join(asNode, joining.nodes, config.token, running);
      joined += 1;
      if (joined === config.count) joining.close();
      const client = connect({ ...config, userAgent: 'kubelet/skiff', tls: { ca: config.ca, cert, key } });
      try {
        const onReady = (): void => {
          leave();
          config.onReady(nodeName);
        };
        await runSimulatedNode({ ...config, nodeName, index, world, client, onReady }, running);
      } finally {
        client.close();
      }
    } finally {
      leave();
    }
  };
  const indexes = Array.from({ length: config.count }, (_, offset) => config.first + offset);
  try {
    await together(signal, ...indexes.map((index) => (running: AbortSignal) => run(index, running)));
  } finally {
    joining.close();
  }
}

/** Lets so many in at a time; the others wait in order. */
function createGate(room: number): { enter(): Promise<void>; leave(): void } {
  const waiting: (() => void)[] = [];
  let free = room;
  return {
    enter() {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    leave() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
