/** Instants out of documents, where a time may be absent. */
import { parseTime as parse } from '@skiff/api';

/** Undefined for an absent or damaged text. */
export const parseTime = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parse(text);
