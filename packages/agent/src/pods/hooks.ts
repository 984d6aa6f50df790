/** Lifecycle hooks: postStart and preStop. */
import type { Clock, LifecycleHandler } from '@skiff/api';
import { ask, type Target } from '../probes/handler.ts';

/** Runs the hook to its end. Throws an Error in the words of its event; the signal's reason when it aborts. */
export async function runHook(
  name: 'postStart' | 'preStop',
  hook: LifecycleHandler,
  target: Target,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep !== undefined) {
    await clock.sleep(hook.sleep.seconds * 1000, signal);
    return;
  }
  const answer = await ask(hook, target, signal);
  if (answer.ok) return;
  if (hook.exec !== undefined) {
    const command = `[${(hook.exec.command ?? []).join(' ')}]`;
    const said = JSON.stringify(answer.output);
    throw new Error(
      `Exec lifecycle hook (${command}) for Container "${target.container.name}" failed: ${name}, message: ${said}`,
    );
  }
  throw new Error(
    `Http lifecycle hook for Container "${target.container.name}" failed: ${name}, message: ${answer.output}`,
  );
}
