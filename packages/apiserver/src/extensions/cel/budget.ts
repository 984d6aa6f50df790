/**
 * How much an evaluation may cost, in the units of cel-go's runtime cost: about one an operation, more where work grows with
 * the size of values. Every operation pays before it works, so that no expression runs longer than it may.
 */
import { CelError } from './values.ts';

/** One expression on one value (celconfig.PerCallLimit). */
export const perCallLimit = 1_000_000;
/** All expressions of one object (celconfig.RuntimeCELCostBudget). */
export const perObjectLimit = 10_000_000;

export class BudgetExceeded extends CelError {
  override readonly name = 'BudgetExceeded';
}

export class Budget {
  #left: number;
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
    this.#left = limit;
  }

  get spent(): number {
    return this.limit - Math.max(0, this.#left);
  }

  /** Throws BudgetExceeded when nothing is left. */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new BudgetExceeded('operation cancelled: actual cost limit exceeded');
  }

  /** Pays for going once through a text or list of this length. */
  spendTraversal(length: number): void {
    this.spend(Math.ceil(length * 0.1));
  }
}
