import type { JsonObject } from '@skiff/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryRegistry, type MemoryRegistry, target, testContext, writeOptions } from './testing.ts';

let memory: MemoryRegistry;
beforeEach(async () => {
  memory = await createMemoryRegistry();
});
afterEach(() => memory.close());

const deployment = (name: string): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});

describe('create', () => {
  test('a deployment', async () => {
    const answer = await memory.registry.create(
      testContext(),
      target('apps/v1/deployments', 'default'),
      { document: deployment('web'), duplicates: [] },
      writeOptions(),
    );
    console.log(JSON.stringify(JSON.parse(answer.text), null, 1));
    expect(answer.created).toBe(true);
  });
});
