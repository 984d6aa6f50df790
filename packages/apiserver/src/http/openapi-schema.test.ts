import { builtinType } from '@skiff/api';
import { expect, test } from 'vitest';
import { createComponents, v3 } from './openapi-schema.ts';

test('a type keeps its own description, whichever field leads to it first', () => {
  const components = createComponents(v3);
  components.node(builtinType('io.k8s.api.core.v1.Container'));
  const { 'io.k8s.api.core.v1.Container': container, 'io.k8s.api.core.v1.Probe': probe } = components.all();
  expect(probe?.description).toMatch(/^Probe describes a health check/);
  expect(container?.properties).toMatchObject({
    livenessProbe: {
      description: expect.stringMatching(/^Periodic probe of container liveness/),
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Probe' }],
    },
  });
});
