/** Custom kinds of two versions that a webhook converts into each other. */
import { expect } from 'vitest';
import { type CustomKind, createKind, definitionPath, kindOf, objectOf, objectsOf } from './support/custom-kind.ts';
import { create, get, list, merge, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { test } from './support/test.ts';
import { converting } from './support/webhook.ts';

/** v1 has `hostPort`, v2 has `host` and `port`. */
function convert(object: Thing, apiVersion: string): object {
  const { hostPort, host, port, ...rest } = object;
  if (apiVersion.endsWith('/v1')) return { ...rest, apiVersion, hostPort: `${host}:${port}` };
  const [first, second] = String(hostPort).split(':');
  return { ...rest, apiVersion, host: first, port: second };
}

/** Runs `use` with a kind whose objects are stored at v1. */
async function converted(use: (kind: CustomKind) => Promise<void>): Promise<void> {
  const webhook = await converting(convert);
  const kind = kindOf({
    versions: [{ name: 'v1' }, { name: 'v2' }],
    more: {
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: webhook.clientConfig, conversionReviewVersions: ['v1'] },
      },
    },
  });
  await createKind(kind);
  await use(kind);
  await remove(definitionPath(kind));
  webhook.close();
}

test('C031 an object made at v1 is read at v2 by webhook', ({ ns }) =>
  converted(async (kind) => {
    await create(objectsOf(kind, ns), objectOf(kind, 'a', { hostPort: 'localhost:8080' }));
    const read = await get(`${objectsOf(kind, ns, 'v2')}/a`);
    expect(read).toMatchObject({ apiVersion: `${kind.group}/v2`, host: 'localhost', port: '8080' });
    expect(read).not.toHaveProperty('hostPort');
  }));

test('C030 a list at v2 converts what was stored at v1 by webhook', ({ ns }) =>
  converted(async (kind) => {
    await create(objectsOf(kind, ns), objectOf(kind, 'a', { hostPort: 'localhost:8080' }));
    const { spec } = await get(definitionPath(kind));
    const versions = (spec.versions as { name: string }[]).map((each) => ({ ...each, storage: each.name === 'v2' }));
    await merge(definitionPath(kind), { spec: { versions } });
    await create(objectsOf(kind, ns, 'v2'), objectOf(kind, 'b', { host: 'localhost', port: '9090' }, 'v2'));
    const { items } = await list(objectsOf(kind, ns, 'v2'));
    expect(items).toMatchObject([
      { apiVersion: `${kind.group}/v2`, host: 'localhost', port: '8080' },
      { apiVersion: `${kind.group}/v2`, host: 'localhost', port: '9090' },
    ]);
    const back = await list(objectsOf(kind, ns));
    expect(back.items).toMatchObject([{ hostPort: 'localhost:8080' }, { hostPort: 'localhost:9090' }]);
  }));
