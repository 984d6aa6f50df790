import { createStepClock } from '@skiff/client/testing';
import { expect, it } from 'vitest';
import { leaseFault } from './component-statuses.ts';

const clock = createStepClock(Date.parse('2026-01-01T00:01:00Z'));
const lease = (holderIdentity: string, renewTime: string) => ({ spec: { holderIdentity, renewTime } });

it.each([
  ['that renews', lease('a', '2026-01-01T00:00:55.000000Z'), undefined],
  ['that is late', lease('a', '2026-01-01T00:00:20Z'), 'its lease was renewed last at 2026-01-01T00:00:20Z'],
  ['that let go', lease('', '2026-01-01T00:00:59Z'), 'nobody holds its lease'],
  ['that never was', undefined, 'no lease: it has never run'],
])('tells of a component %s', (_, given, fault) => {
  expect(leaseFault(given, clock)).toBe(fault);
});
