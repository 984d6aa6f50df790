/** Quantities as numbers, for what the kernel and the engine are told. Pure; the API server has refused damaged ones before. */
import { tryParseQuantity } from '@skiff/api';

const nanoPerUnit = 1_000_000_000n;
const nanoPerMilli = 1_000_000n;

const nanoOf = (value: unknown): bigint =>
  typeof value === 'string' || typeof value === 'number' ? (tryParseQuantity(value)?.nano ?? 0n) : 0n;

const divideUp = (value: bigint, by: bigint): number => Number((value + by - 1n) / by);

/** The value in base units (cores, bytes), perhaps with a fraction; 0 for an absent one. */
export const quantityToNumber = (value: unknown): number => Number(nanoOf(value)) / 1e9;

/** Thousandths of a core, rounded up as Kubernetes' MilliValue is. */
export const toMilliCpu = (value: unknown): number => divideUp(nanoOf(value), nanoPerMilli);

/** Bytes, rounded up. */
export const toBytes = (value: unknown): number => divideUp(nanoOf(value), nanoPerUnit);
