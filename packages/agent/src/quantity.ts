/** Quantities as numbers, for what the kernel and the engine are told. Pure. */

const suffixes: ReadonlyMap<string, number> = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
  ['Ei', 2 ** 60],
]);

/** The value in base units (cores, bytes); 0 for an absent or damaged quantity, which the API server has refused before. */
export function quantityToNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return 0;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([a-zA-Z]{0,2}))$/.exec(value.trim());
  if (match === null) return 0;
  const [, digits = '0', exponent, suffix = ''] = match;
  if (exponent !== undefined) return Number(`${digits}${exponent}`);
  const factor = suffixes.get(suffix);
  return factor === undefined ? 0 : Number(digits) * factor;
}

/** Thousandths of a core, rounded up as Kubernetes' MilliValue is. */
export const toMilliCpu = (value: unknown): number => Math.ceil(Number((quantityToNumber(value) * 1000).toFixed(6)));

/** Bytes, rounded up. */
export const toBytes = (value: unknown): number => Math.ceil(quantityToNumber(value));
