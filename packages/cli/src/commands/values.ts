/** Values of options. */
import { InvalidArgumentError } from 'commander';

/** Parses a whole number from `least` to `most`. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `A whole number, ${least} or more.`
        : `A whole number from ${least} to ${most}.`,
    );
  };

export const portNumber = wholeNumber(1, 65_535);

/** `a:1,b:2` as a list. */
export const toList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
