/** Regular expressions from users, on an engine whose time grows with the text alone (RE2), as in Go. */
import { RE2JS } from 're2js';

export interface Pattern {
  /** True when the pattern is found anywhere in the text. Throws PatternCost when finding out takes too long. */
  test(text: string): boolean;
}

/** A pattern so large, on a text so long, that the answer would hold up everybody else. */
export class PatternCost extends Error {}

/** Larger programs are beyond the engine's fast ways: each character costs as much as they have steps. */
const largeProgram = 1000;
const maxSteps = 5_000_000;

const maxCompiled = 1000;
const compiled = new Map<string, Pattern>();

/** Longer patterns than this are refused: the programs they compile to grow with them. */
const maxPatternLength = 16_384;

/** The compiled pattern. Throws an Error in Go's words when it is none. */
export function patternOf(text: string): Pattern {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  if (text.length > maxPatternLength) throw new Error('error parsing regexp: expression too long');
  const program = RE2JS.compile(text);
  const size = program.programSize();
  const made: Pattern = {
    test(subject) {
      if (size > largeProgram && size * subject.length > maxSteps) {
        throw new PatternCost('the text is too long to be matched against a pattern of this size');
      }
      return program.test(subject);
    },
  };
  if (compiled.size >= maxCompiled) {
    const [oldest] = compiled.keys();
    if (oldest !== undefined) compiled.delete(oldest);
  }
  compiled.set(text, made);
  return made;
}

/** Why a text is no pattern; undefined when it is one. */
export function patternFault(text: string): string | undefined {
  try {
    patternOf(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
