/** The thread that reads what is slow to read. */
import { parentPort } from 'node:worker_threads';
import { toApiError } from '@skiff/api';
import { readSlowly } from './read.ts';
import type { Outcome, Work } from './reader.ts';

function outcomeOf({ id, ...work }: Work): Outcome {
  try {
    return { id, parsed: readSlowly(work) };
  } catch (error) {
    const { reason, message } = toApiError(error);
    return { id, fault: { reason, message } };
  }
}

parentPort?.on('message', (work: Work) => parentPort?.postMessage(outcomeOf(work)));
