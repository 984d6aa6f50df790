/** The built-in kinds: what each is called, what may be done to it, and its schema, which is read when it is first asked for. */
export { builtinType, builtinTypeNames } from '../schema/builtin.ts';
export * from './builtin.ts';
