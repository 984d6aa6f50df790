/**
 * Large objects are worked on in several turns of the event loop, so that a request for one holds nobody else up for long.
 * Each step is bounded by what a document may hold (`refuseTooManyValues`); between two of them others go first.
 */
import { setImmediate } from 'node:timers/promises';
import type { StoredDocument } from '../storage/contract.ts';

/** A step with as many characters takes a few milliseconds at most. */
const largeLength = 64 * 1024;

export const isLarge = (size: number | undefined): boolean => size !== undefined && size > largeLength;
export const isLargeDocument = (document: Pick<StoredDocument, 'text'> | undefined): boolean =>
  isLarge(document?.text.length);

/** Lets all that waits have its turn. */
export const othersTurn = (): Promise<void> => setImmediate();
