/** Members that come by turns, each once a round: evenly over it, however they came. */
export class Rounds<T> {
  readonly #turns: readonly Set<T>[];
  #added = 0;
  #turn = 0;

  /** A round has so many turns. */
  constructor(turns: number) {
    this.#turns = Array.from({ length: turns }, () => new Set<T>());
  }

  /** Takes it in, until what this answers is called. */
  add(member: T): () => void {
    this.#added += 1;
    const turn = this.#turns[this.#added % this.#turns.length];
    turn?.add(member);
    return () => turn?.delete(member);
  }

  /** Those whose turn comes now. */
  next(): Iterable<T> {
    this.#turn += 1;
    return this.#turns[this.#turn % this.#turns.length] ?? [];
  }
}
