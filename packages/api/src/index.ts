export * from './definition.ts';
export * from './errors.ts';
export * from './kinds/builtin.ts';
export * from './kinds/resources.ts';
export type * from './kinds/types.ts';
export * from './object.ts';
export * from './schema/builtin.ts';
export * from './schema/schema.ts';
export * from './seams.ts';
