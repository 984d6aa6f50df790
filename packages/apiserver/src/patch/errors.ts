import { jsonKind } from './values.ts';

/** Kubernetes' words for a body that is no list of operations, or no object. */
export function wrongPatch(body: unknown, type: 'json' | 'merge' | 'strategic' | 'apply'): string {
  const target = type === 'json' ? '[]handlers.jsonPatchOp' : 'map[string]interface {}';
  const fault = `json: cannot unmarshal ${jsonKind(body)} into Go value of type ${target}`;
  if (type === 'strategic') return fault;
  return type === 'apply'
    ? `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${fault}`
    : `error decoding patch: ${fault}`;
}

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
