/** One process of `skiff sim`: simulates the nodes that its parent names, until the parent lets go. */
import { runFleet } from '@skiff/agent/sim';
import { realClock } from '@skiff/api';
import { componentLogger, runComponent } from '../commands/component.ts';
import type { Fleet } from './shares.ts';

process.once('message', (message) => {
  const fleet = message as Fleet;
  const logger = componentLogger('sim');
  const onReady = (nodeName: string): void => {
    if (process.connected) process.send?.(nodeName);
  };
  void runComponent(logger, (signal) => {
    const released = new AbortController();
    const release = (): void => released.abort(new Error('the simulation has ended'));
    process.once('disconnect', release);
    if (!process.connected) release();
    const config = { ...fleet, clock: realClock, random: Math.random, logger, onReady };
    return runFleet(config, AbortSignal.any([signal, released.signal]));
  });
});
