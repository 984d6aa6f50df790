import type { Logger } from '@skiff/api';

/** A command's own failures reach the user as errors; its client has nothing else to say. */
export const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
