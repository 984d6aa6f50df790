/** From raw scores to whole numbers from 0 to 100 (Kubernetes' DefaultNormalizeScore and its variants). Pure. */

export const highestIsBest = (raw: readonly number[]): number[] => {
  const highest = Math.max(0, ...raw);
  return raw.map((score) => (highest === 0 ? 0 : Math.floor((score * 100) / highest)));
};

export const lowestIsBest = (raw: readonly number[]): number[] => {
  const highest = Math.max(0, ...raw);
  return raw.map((score) => (highest === 0 ? 100 : 100 - Math.floor((score * 100) / highest)));
};

/** The lowest is 0 and the highest 100; scores may be negative. */
export const spreadOut = (raw: readonly number[]): number[] => {
  const [lowest, highest] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((score) => (highest === lowest ? 0 : Math.floor((100 * (score - lowest)) / (highest - lowest))));
};
