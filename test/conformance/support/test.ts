/** `test` for these files: a namespace of its own for every test that names `ns`. */
import { randomBytes } from 'node:crypto';
import { test as base } from 'vitest';
import { eventually } from '../../cluster/cluster.ts';
import { absent, create, remove } from './rest.ts';

export { eventually } from '../../cluster/cluster.ts';

/** A name that no other test, and no earlier run, has. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

export const test = base.extend<{ ns: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures that this one needs.
  ns: async ({}, use) => {
    const name = unique('conformance');
    await create('/api/v1/namespaces', { metadata: { name } });
    await eventually(
      `the default ServiceAccount of ${name}`,
      async () => !(await absent(`/api/v1/namespaces/${name}/serviceaccounts/default`)),
    );
    await use(name);
    await remove(`/api/v1/namespaces/${name}`);
  },
});
