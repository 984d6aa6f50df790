/** The last changes of a collection, so that a watch can go on where it was. */
import type { DocumentChange } from './views.ts';

/** Changes kept; older ones make a watch list again. */
const maxChanges = 10_000;

export class History {
  #changes: DocumentChange[] = [];
  /** Everything after this revision is here. */
  #oldest = 0n;

  get oldest(): bigint {
    return this.#oldest;
  }

  add(change: DocumentChange): void {
    this.#changes.push(change);
    // Cut in blocks: moving the array for each change would cost more than it keeps.
    if (this.#changes.length < maxChanges * 1.25) return;
    const cut = this.#changes.length - maxChanges;
    this.#oldest = this.#changes[cut - 1]?.version ?? this.#oldest;
    this.#changes = this.#changes.slice(cut);
  }

  /** Changes after `revision`, or undefined when some are forgotten. */
  since(revision: bigint): readonly DocumentChange[] | undefined {
    if (revision < this.#oldest) return undefined;
    let first = this.#changes.length;
    while (first > 0 && (this.#changes[first - 1]?.version ?? 0n) > revision) first -= 1;
    return this.#changes.slice(first);
  }

  /** Starts anew: everything after `revision` will be here, nothing before is. */
  reset(revision: bigint): void {
    this.#changes = [];
    this.#oldest = revision;
  }
}
