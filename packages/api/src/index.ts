export * from './definition.ts';
export * from './errors.ts';
export * from './object.ts';
export * from './schema/schema.ts';
export * from './seams.ts';
