/** What chance has in store: how long each action takes, whether it fails, and what becomes of a container once it runs. Pure. */
import type { Container, Pod } from '@skiff/api';
import type { Action } from '../pods/facts.ts';
import { findDeclared, restartPolicyOf } from '../pods/spec.ts';
import type { Fate, Task, World } from './life.ts';
import { between } from './luck.ts';

/** The pod that chance is about: its name, not its uid, so that a run with the same names repeats. */
const nameOf = ({ metadata: { namespace, name } }: Pod): string => `${namespace}/${name}`;

/** The action as it is begun at `now`, after so many failures of its like. */
export function begin(action: Action, pod: Pod, now: number, failures: number, { luck, habits }: World): Task {
  const about = 'attempt' in action ? action.attempt : 'id' in action ? action.id : '';
  const random = luck(`${nameOf(pod)} ${action.type} ${'name' in action ? action.name : ''} ${about}`);
  switch (action.type) {
    case 'createSandbox':
    case 'attachNetwork':
      return { action, endsAt: now + between(random, habits.sandboxMs) };
    case 'startContainer':
      return start(action, pod, now, luck(`${nameOf(pod)} start ${action.name} ${action.attempt} ${failures}`), habits);
    case 'killContainer':
      return { action, endsAt: Math.min(now + between(random, habits.stopMs), Math.max(now, action.killBy)) };
    default:
      return { action, endsAt: now };
  }
}

/** Only a container's first instance fetches its image. */
function start(
  action: Action & { type: 'startContainer' },
  pod: Pod,
  now: number,
  random: () => number,
  habits: World['habits'],
): Task {
  const pulls = action.attempt === 0;
  const endsAt = now + between(random, habits.startMs) + (pulls ? between(random, habits.pullMs) : 0);
  if (!pulls || random() * 1000 >= habits.failedPulls) return { action, endsAt };
  const image = findDeclared(pod, action.name)?.spec.image ?? '';
  const message = `failed to pull image "${image}": the simulated registry does not answer`;
  return { action, endsAt, failure: { reason: 'ErrImagePull', message, later: `Back-off pulling image "${image}"` } };
}

/** What becomes of the instance that starts at `now`. */
export function fateOf(pod: Pod, name: string, attempt: number, now: number, { luck, habits }: World): Fate {
  const random = luck(`${nameOf(pod)} fate ${name} ${attempt}`);
  const declared = findDeclared(pod, name);
  const readyAt = declared !== undefined && isProbed(declared.spec) ? now + between(random, habits.readyMs) : now;
  const crashes = random() * 1000 < habits.crashes;
  const work = declared?.kind === 'init' ? habits.initMs : endsByItself(pod, declared?.kind) ? habits.jobMs : undefined;
  if (!crashes && work === undefined) return { readyAt };
  const at = now + between(random, crashes ? habits.crashMs : (work ?? habits.crashMs));
  const oomKilled = crashes && random() < 0.2;
  return { readyAt, end: { at, exitCode: crashes ? (oomKilled ? 137 : 1) : 0, oomKilled } };
}

const isProbed = ({ readinessProbe, startupProbe }: Container): boolean =>
  readinessProbe !== undefined || startupProbe !== undefined;

const endsByItself = (pod: Pod, kind: string | undefined): boolean =>
  kind === 'app' && restartPolicyOf(pod) !== 'Always';
