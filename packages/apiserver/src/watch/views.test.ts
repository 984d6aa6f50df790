import { describe, expect, test, vi } from 'vitest';
import type { CachedDocument, Filter, WatchEvent } from './contract.ts';
import { Dispatcher } from './dispatch.ts';
import { KeptDocument } from './document.ts';
import { withResourceVersion } from './splice.ts';
import { describePod, pod, podKey } from './testing/watcher.ts';
import { isShared, viewsOf } from './views.ts';

const document = (version: bigint, app: string): CachedDocument =>
  new KeptDocument({
    key: podKey('default', 'a'),
    version,
    text: withResourceVersion(pod('default', 'a', { labels: { app } }), version),
    facts: { namespace: 'default', name: 'a', labels: { app }, fields: describePod({}) },
  });

const labelled = (app: string): Filter => ({ namespace: '', name: '', matches: ({ labels }) => labels.app === app });

describe('a change', () => {
  const change = { version: 2n, before: document(1n, 'x'), after: document(2n, 'y'), tombstone: undefined };

  test.each([
    ['was and is', { namespace: 'default', name: '' }, 'MODIFIED'],
    ['was', labelled('x'), 'DELETED'],
    ['is', labelled('y'), 'ADDED'],
    ['never', labelled('z'), undefined],
    ['of another namespace', { namespace: 'other', name: '' }, undefined],
  ])('for a filter that it matches: %s', (_, filter, type) => {
    expect(viewsOf(change)(filter)?.type).toBe(type);
  });

  test('is one event for all who see the same, and a filter is asked once for all its watchers', () => {
    const dispatcher = new Dispatcher();
    const seen: WatchEvent[] = [];
    const matches = vi.fn(() => true);
    const counted: Filter = { namespace: '', name: '', matches };
    for (const filter of [counted, counted, counted, labelled('y')])
      dispatcher.add({ filter, deliver: (event) => void seen.push(event) });
    dispatcher.deliver(change);
    expect(matches).toHaveBeenCalledTimes(2);
    expect(seen.map(({ type }) => type)).toEqual(['MODIFIED', 'MODIFIED', 'MODIFIED', 'ADDED']);
    expect(new Set(seen).size).toBe(2);
    expect(seen.every(isShared)).toBe(true);
    expect(isShared(viewsOf(change)(counted) as WatchEvent)).toBe(false);
  });
});
