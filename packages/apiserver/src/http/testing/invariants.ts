/** What must hold whatever a client sent. For tests only. */
import { afterEach, expect } from 'vitest';
import type { TestServer } from './server.ts';

const shared = [Object, Array, Function, String, Number, Boolean, Map, Set, Promise, Error, RegExp, Buffer];

const shapes = (): readonly string[] =>
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
