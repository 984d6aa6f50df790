/** What must hold whatever a client sent. For tests only. */
import { afterEach, expect } from 'vitest';
import type { MeasuredServer } from './measured.ts';
import type { TestServer } from './server.ts';

const shared = [Object, Array, Function, String, Number, Boolean, Map, Set, Promise, Error, RegExp, Buffer];

/** The names of all that shared prototypes hold. */
export const shapes = (): readonly string[] =>
  shared.flatMap((one) => Reflect.ownKeys(one.prototype).map((key) => `${one.name}.${String(key)}`));

/** After each test of the file: no prototype has changed, the server answers others, and nothing failed in it. */
export function expectUnharmed(at: () => TestServer): void {
  const before = shapes();
  afterEach(async () => {
    expect(shapes()).toEqual(before);
    expect((await at().request('/api/v1/namespaces/default')).status).toBe(200);
    expect(at().log.filter((line) => line.startsWith('error'))).toEqual([]);
  });
}

/** The same of a server that has a process of its own. */
export function expectMeasuredUnharmed(at: () => MeasuredServer): void {
  afterEach(async () => {
    expect((await at().request('/api/v1/namespaces/default')).status).toBe(200);
    expect(await at().faults()).toEqual([]);
  });
}
