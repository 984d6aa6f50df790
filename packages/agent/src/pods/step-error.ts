interface Waiting {
  readonly reason: string;
  readonly message: string;
}

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
