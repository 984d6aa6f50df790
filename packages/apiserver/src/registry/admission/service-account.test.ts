import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryRegistry, type MemoryRegistry, statusOf } from '../testing.ts';

let at: MemoryRegistry;
beforeEach(async () => {
  at = await createMemoryRegistry();
  await at.call.create('serviceaccounts', 'default', {
    metadata: { name: 'bound', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'own' }],
    imagePullSecrets: [{ name: 'own-pull' }],
  });
});
afterEach(() => at.close());

const container = { name: 'c', image: 'i' };
const variable = (name: string) => ({ env: [{ name: 'V', valueFrom: { secretKeyRef: { name, key: 'k' } } }] });
const all = (name: string) => ({ envFrom: [{ secretRef: { name } }] });
const create = (spec: JsonObject, serviceAccountName = 'bound') =>
  at.call.create('pods', 'default', {
    metadata: { name: 'p' },
    spec: { serviceAccountName, containers: [container], ...spec },
  });
const because = 'is not allowed because service account bound does not reference that';

describe('H-133 an account that keeps its pods to its own secrets', () => {
  it.each<[string, JsonObject, string]>([
    [
      'a volume',
      { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
      `volume with secret.secretName="other" ${because} secret`,
    ],
    [
      'a variable',
      { containers: [{ ...container, ...variable('other') }] },
      `container c with envVar V referencing secret.secretName="other" ${because} secret`,
    ],
    [
      'all variables',
      { containers: [{ ...container, ...all('other') }] },
      `container c with envFrom referencing secret.secretName="other" ${because} secret`,
    ],
    [
      'an init container',
      { initContainers: [{ ...container, name: 'i', ...all('other') }] },
      `init container i with envFrom referencing secret.secretName="other" ${because} secret`,
    ],
    [
      'an image',
      { imagePullSecrets: [{ name: 'other' }] },
      `imagePullSecrets[0].name="other" ${because} imagePullSecret`,
    ],
  ])('refuses others for %s', async (_, spec, why) => {
    expect(await statusOf(create(spec))).toMatchObject({ code: 403, message: `pods "p" is forbidden: ${why}` });
  });

  it('refuses others for containers that are added later, and takes its own', async () => {
    await create({ containers: [{ ...container, ...variable('own'), ...all('own') }] });
    const add = (more: JsonObject) =>
      at.call.patch('pods/ephemeralcontainers', 'default', 'p', 'strategic', {
        spec: { ephemeralContainers: [{ name: 'debug', image: 'i', ...more }] },
      });
    for (const [more, how] of [
      [variable('other'), 'envVar V'],
      [all('other'), 'envFrom'],
    ] as const)
      expect(await statusOf(add(more))).toMatchObject({
        code: 403,
        message: `pods "p" is forbidden: ephemeral container debug with ${how} referencing secret.secretName="other" ${because} secret`,
      });
    expect((await add(all('own'))).spec).toMatchObject({ ephemeralContainers: [{ name: 'debug' }] });
  });

  it('says nothing of pods of other accounts', async () => {
    await at.call.create('serviceaccounts', 'default', { metadata: { name: 'free' } });
    await create({ containers: [{ ...container, ...all('other') }] }, 'free');
  });
});
