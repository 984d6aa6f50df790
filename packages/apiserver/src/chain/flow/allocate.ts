/**
 * Divides seats among classes in proportion to their targets, each within its bounds (apiserver's computeConcurrencyAllocation):
 * there is one proportion such that every class gets target × proportion, cut to its bounds, and the sum is what there is.
 */

export interface Class {
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

const minTarget = 0.001;

/** What each class gets. When even all lower bounds are more than there is, each gets its lower bound; likewise with the upper. */
export function allocate(total: number, classes: readonly Class[]): number[] {
  const targets = classes.map(({ target }) => Math.max(target, minTarget));
  const share = (proportion: number): number[] =>
    classes.map(({ lower, upper }, index) =>
      Math.max(lower, Math.min(upper, (targets[index] ?? minTarget) * proportion)),
    );
  // Between two neighbouring bounds the sum grows linearly: find the pair that the total lies between.
  const bounds = classes.flatMap(({ lower, upper }, index) => {
    const target = targets[index] ?? minTarget;
    return [lower / target, upper / target];
  });
  const steps = [...new Set(bounds)].sort((a, b) => a - b);
  let from = { proportion: 0, sum: sumOf(share(0)) };
  for (const proportion of steps) {
    const to = { proportion, sum: sumOf(share(proportion)) };
    if (to.sum >= total) {
      if (to.sum === from.sum) return share(from.proportion);
      const part = Math.max(0, (total - from.sum) / (to.sum - from.sum));
      return share(from.proportion + part * (to.proportion - from.proportion));
    }
    from = to;
  }
  return share(from.proportion);
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
