/** Gets a container's image onto the node, or says why that cannot be. */
import type { Clock, Container, Pod, Secret } from '@skiff/api';
import type { EventRecorder } from '@skiff/client';
import { type Image, isRuntimeError, type RegistryAuth, type Runtime } from '../runtime/contract.ts';
import { type ImageReference, parseImageReference, withDefaultTag } from './image-reference.ts';
import { registryAuths } from './registry-auth.ts';
import { fieldPathOf } from './spec.ts';
import { StepError } from './step-error.ts';

export interface ImagesDeps {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** The pod's image pull Secrets that exist. */
  readonly pullSecrets: (pod: Pod) => Promise<readonly Secret[]>;
}

/** Throws StepError InvalidImageName, ImageInspectError, ErrImageNeverPull or ErrImagePull. */
export async function ensureImage(
  deps: ImagesDeps,
  pod: Pod,
  container: Container,
  signal: AbortSignal,
): Promise<Image> {
  const written = container.image ?? '';
  const path = fieldPathOf(pod, container.name);
  const parsed = parseImageReference(written);
  if (parsed === undefined) {
    const why = `couldn't parse image name "${written}": invalid reference format`;
    const message = `Failed to apply default image tag "${written}": ${why}`;
    deps.events.event(pod, 'Warning', 'InspectFailed', message, path);
    throw new StepError('InvalidImageName', message);
  }
  const reference = withDefaultTag(written, parsed);
  const policy = container.imagePullPolicy ?? (reference.endsWith(':latest') ? 'Always' : 'IfNotPresent');
  const present =
    policy === 'Always'
      ? undefined
      : await deps.runtime.imageStatus(reference).catch((error: unknown) => {
          // An engine that does not answer says nothing of the image.
          if (isRuntimeError(error, 'unavailable')) throw error;
          const why = error instanceof Error ? error.message : String(error);
          const message = `Failed to inspect image "${reference}": ${why}`;
          deps.events.event(pod, 'Warning', 'InspectFailed', message, path);
          throw new StepError('ImageInspectError', message, { cause: error });
        });
  if (present !== undefined) {
    deps.events.event(pod, 'Normal', 'Pulled', `Container image "${written}" already present on machine`, path);
    return present;
  }
  if (policy === 'Never') {
    const message = `Container image "${written}" is not present with pull policy of Never`;
    deps.events.event(pod, 'Warning', 'ErrImageNeverPull', message, path);
    throw new StepError('ErrImageNeverPull', message);
  }
  return pull(deps, pod, path, { written, reference, parsed }, signal);
}

interface Wanted {
  /** As the pod says it, which is how events name it. */
  readonly written: string;
  readonly reference: string;
  readonly parsed: ImageReference;
}

async function pull(
  deps: ImagesDeps,
  pod: Pod,
  path: string,
  { written, reference, parsed }: Wanted,
  signal: AbortSignal,
): Promise<Image> {
  const { events, clock } = deps;
  events.event(pod, 'Normal', 'Pulling', `Pulling image "${written}"`, path);
  const started = clock.now();
  try {
    const auths = registryAuths(parsed, await deps.pullSecrets(pod));
    const image = await pullWithAny(deps.runtime, reference, auths, signal);
    const took = `${((clock.now() - started) / 1000).toFixed(3)}s`;
    const size = `Image size: ${image.sizeBytes} bytes.`;
    events.event(
      pod,
      'Normal',
      'Pulled',
      `Successfully pulled image "${written}" in ${took} (${took} including waiting). ${size}`,
      path,
    );
    return image;
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    const message = `failed to pull image "${reference}": ${why}`;
    events.event(pod, 'Warning', 'Failed', `Failed to pull image "${written}": ${why}`, path);
    const waiting = `Back-off pulling image "${written}": ErrImagePull: ${message}`;
    throw new StepError('ErrImagePull', message, {
      cause: error,
      later: { reason: 'ImagePullBackOff', message: waiting },
    });
  }
}

/** Tries each credential, or none when there are none; the last refusal is the one told. */
async function pullWithAny(
  runtime: Runtime,
  reference: string,
  auths: readonly RegistryAuth[],
  signal: AbortSignal,
): Promise<Image> {
  let last: unknown;
  for (const auth of auths.length === 0 ? [undefined] : auths) {
    try {
      return await runtime.pullImage(reference, auth === undefined ? { signal } : { auth, signal });
    } catch (error) {
      last = error;
      signal.throwIfAborted();
    }
  }
  throw last;
}
