/** A step towards a running container failed in a way that a user can read and often repair. */
export class StepError extends Error {
  /** The waiting reason: ErrImagePull, CreateContainerConfigError, … */
  readonly reason: string;

  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StepError';
    this.reason = reason;
  }
}
