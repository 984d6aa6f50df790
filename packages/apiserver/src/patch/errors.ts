/** A patch that cannot be applied, and who is to blame: its form (400) or the document it met (422). */
export type PatchFault = 'malformed' | 'inapplicable' | 'too-many-operations' | 'too-large';

export class PatchError extends Error {
  readonly fault: PatchFault;

  constructor(fault: PatchFault, message: string) {
    super(message);
    this.name = 'PatchError';
    this.fault = fault;
  }
}
