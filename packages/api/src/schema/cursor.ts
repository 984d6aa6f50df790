/** Where a walk is, and what it found. The path is built as text only when there is something to report. */
import { formatPath } from '../json/exact.ts';

/** A document with thousands of faults is as wrong as one with these. */
const maxListed = 100;

export class Cursor {
  /** Paths of fields the schema does not have: `spec.containers[0].imge`. */
  readonly unknown: string[] = [];
  /** Go's words for values of a wrong type. */
  readonly faults: string[] = [];
  /** Keys and indexes from the root to the value being walked. */
  readonly path: (string | number)[] = [];

  addUnknown(key: string): void {
    if (this.unknown.length < maxListed) this.unknown.push(formatPath([...this.path, key]));
  }

  addFault(message: string): void {
    if (this.faults.length < maxListed) this.faults.push(message);
  }

  /** `json: cannot unmarshal string into Go struct field Container.spec.containers.tty of type bool`. */
  addMismatch(found: string, struct: string, type: string): void {
    const fields = this.path.filter((part) => typeof part === 'string').join('.');
    const target = struct === '' ? `Go value` : `Go struct field ${struct}.${fields}`;
    this.addFault(`json: cannot unmarshal ${found} into ${target} of type ${type}`);
  }
}
