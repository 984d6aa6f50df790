import { describe, expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

describe('events', () => {
  const event = (involved: string, more = ''): string[] =>
    faultsOf(
      `{apiVersion: v1, kind: Event, metadata: {name: a.1}, involvedObject: {kind: Pod, name: a${involved}}${more}}`,
    );
  test('are where their object is', () => {
    expect(event(', namespace: default', ', reason: x')).toEqual([]);
    expect(event('')).toEqual([]);
    expect(event(', namespace: other')).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
  });
  const newer = ', eventTime: "2026-01-01T00:00:00.000000Z"';
  test('of the newer kind say who reports what', () => {
    expect(event('', newer)).toEqual([
      'reportingComponent: Required value',
      'reportingComponent: Invalid value: "": name part must be non-empty',
      expect.stringMatching(/^reportingComponent: Invalid value: "": name part must consist/),
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
    ]);
    expect(event('', `${newer}, reportingComponent: a.b/c, reportingInstance: i, action: x, reason: z`)).toEqual([]);
  });
  test('of events.k8s.io have a type and no old fields', () => {
    const v1 = (more: string): string =>
      `{apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: a.1}, regarding: {kind: Node, name: a}, reportingController: a, reportingInstance: i, action: x, reason: z${newer}${more}}`;
    expect(faultsOf(v1(', type: Normal'))).toEqual([]);
    expect(faultsOf(v1(', deprecatedCount: 3'))).toEqual([
      'type: Invalid value: "": has invalid value: ',
      'count: Invalid value: "": needs to be unset',
    ]);
    const series = ', type: Normal, series: {count: 3, lastObservedTime: "2026-01-01T00:00:00.000000Z"}';
    expect(faultsOfChange(v1(series), v1(', type: Normal'))).toEqual([]);
    expect(faultsOfChange(v1(', type: Warning'), v1(', type: Normal'))).toEqual([
      'type: Invalid value: "Warning": field is immutable',
    ]);
  });
});
