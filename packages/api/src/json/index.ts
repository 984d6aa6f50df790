/** JSON from strangers: exact, and with bounds. */
export { formatPath, parseExact, setOwn } from './exact.ts';
export * from './parse.ts';
