import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

/** events.k8s.io/v1: the same stored objects as core's events, under newer field names. */
export const eventsKinds: readonly Definition[] = [
  groupVersion('events.k8s.io', 'v1', 'io.k8s.api.events.v1')('Event', 'events', {
    shortNames: ['ev'],
    storage: { group: '', version: 'v1', resource: 'events', kind: 'Event' },
  }),
];
