interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** Of these kubelet's last event tells the reason alone: the one before has said more. */
const imageReasons: ReadonlySet<string> = new Set([
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImageInspectError',
  'InvalidImageName',
]);

/** What the event `Failed` says of a container that could not be made or started. */
export const failedMessage = ({ reason, message }: StepError): string =>
  `Error: ${imageReasons.has(reason) ? reason : message}`;

/** A step towards a running container failed in a way that a user can read and often repair. */
export class StepError extends Error {
  /** The waiting reason: ErrImagePull, CreateContainerConfigError, … */
  readonly reason: string;

  /** What it is called after a moment, while the next try is waited for. */
  readonly later: Waiting | undefined;

  constructor(reason: string, message: string, options: { cause?: unknown; later?: Waiting } = {}) {
    super(message, options);
    this.name = 'StepError';
    this.reason = reason;
    this.later = options.later;
  }
}
