import type { JsonObject } from '@skiff/api';
import { describe, expect, it } from 'vitest';
import { danglingCondition, isLeftOver, revise } from './revise.ts';
import { autoUpdateAnnotation, bootstrapFlowObjects, type FlowObject } from './suggested.ts';

const wanted = (name: string, resource = 'prioritylevelconfigurations'): FlowObject => {
  const found = bootstrapFlowObjects.find((each) => each.name === name && each.resource === resource);
  if (found === undefined) throw new Error(name);
  return found;
};

const stored = (of: FlowObject, annotation: string | undefined, spec: object, generation = 1): JsonObject => ({
  ...of.object,
  metadata: {
    ...{ name: of.name, generation },
    annotations: annotation === undefined ? {} : { [autoUpdateAnnotation]: annotation },
  },
  spec: { ...(of.object.spec as JsonObject), ...spec } as JsonObject,
});

const outcome = (next: JsonObject | undefined): unknown =>
  next === undefined
    ? 'left'
    : [
        (next.metadata as { annotations: Record<string, string> }).annotations[autoUpdateAnnotation],
        JSON.stringify(next.spec).includes('99') ? 'his' : 'ours',
      ];

const his = { limited: { nominalConcurrencyShares: 99 } };

describe('a suggested object', () => {
  it.each<[string, string | undefined, object, number, unknown]>([
    ['as shipped', 'true', {}, 1, 'left'],
    ['that is ours but changed', 'true', his, 2, ['true', 'ours']],
    ['that is its owner’s', 'false', his, 2, 'left'],
    ['without a word, changed', undefined, his, 2, ['false', 'his']],
    ['without a word, of its first generation', undefined, his, 1, ['true', 'ours']],
    ['with a word that says nothing', 'perhaps', {}, 1, ['true', 'ours']],
  ])('%s', (_what, annotation, spec, generation, expected) => {
    const of = wanted('system');
    expect(outcome(revise(stored(of, annotation, spec, generation), of))).toEqual(expected);
  });
});

it('a mandatory object is ours whatever it says', () => {
  const of = wanted('catch-all');
  expect(outcome(revise(stored(of, 'false', his, 5), of))).toEqual(['true', 'ours']);
});

it('the numbers of the exempt level are its owner’s', () => {
  const of = wanted('exempt');
  expect(revise(stored(of, 'true', { exempt: { nominalConcurrencyShares: 99, lendablePercent: 1 } }, 2), of)).toBe(
    undefined,
  );
});

it('what an older server shipped and this one does not is left over', () => {
  const of = wanted('system');
  expect(isLeftOver(stored(of, 'true', {}), new Set())).toBe(true);
  expect(isLeftOver(stored(of, 'true', {}), new Set(['system']))).toBe(false);
  expect(isLeftOver(stored(of, 'false', {}), new Set())).toBe(false);
});

it('a schema is dangling while its level is not there', () => {
  const now = '2024-01-01T00:00:00Z';
  const of = wanted('system-nodes', 'flowschemas').object;
  const dangling = danglingCondition(of, new Set(), now);
  expect(dangling).toEqual({
    ...{ type: 'Dangling', status: 'True', reason: 'NotFound', lastTransitionTime: now },
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "system" but there is no such object',
  });
  const marked = { ...of, status: { conditions: [dangling ?? {}] } };
  expect(danglingCondition(marked, new Set(), now)).toBe(undefined);
  expect(danglingCondition(marked, new Set(['system']), now)).toMatchObject({ status: 'False', reason: 'Found' });
});
