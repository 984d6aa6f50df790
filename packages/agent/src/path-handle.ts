/** Handles that name a file without opening it. What a path leads to may change at any time; what a handle names does not. */
import { type FileHandle, readlink } from 'node:fs/promises';

/** open(2)'s O_PATH: pipes, sockets and devices do no harm. */
export const pathOnly = 0o10000000;

/** The handle as a path, for calls that take no handle. */
export const pathOf = ({ fd }: FileHandle): string => `/proc/self/fd/${fd}`;

/** Where the file lies now, links resolved. */
export const placeOf = (handle: FileHandle): Promise<string> => readlink(pathOf(handle));

/** True for the folder `root`, whose links are resolved, and all below it. */
export const isWithin = (root: string, place: string): boolean => place === root || place.startsWith(`${root}/`);
