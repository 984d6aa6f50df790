/**
 * The little language that fake containers speak: the corner of a shell that both a busybox image and the fake
 * understand, so that one suite can drive either. Statements are separated by `;` or line ends.
 */

export type Statement =
  | { readonly type: 'echo'; readonly text: string; readonly to: 'stdout' | 'stderr' | { readonly file: string } }
  /** `seconds` is Infinity for `sleep inf`. */
  | { readonly type: 'sleep'; readonly seconds: number }
  | { readonly type: 'exit'; readonly code: number }
  /** Copies stdin to stdout until stdin ends. */
  | { readonly type: 'cat' }
  /** From here on SIGTERM does nothing. */
  | { readonly type: 'ignoreTerm' }
  /** A word the shell does not know: exit code 127. */
  | { readonly type: 'unknown'; readonly command: string };

/** What the command line runs; undefined when no such program exists, so that the container cannot start. */
export function parseCommandLine(argv: readonly string[]): readonly Statement[] | undefined {
  const [program = '', ...rest] = argv;
  const base = program.slice(program.lastIndexOf('/') + 1);
  if (base === 'sh' && rest[0] === '-c') return parseScript(rest[1] ?? '');
  const statement = parseStatement([base, ...rest]);
  return statement.type === 'unknown' ? undefined : [statement];
}

export function parseScript(script: string): readonly Statement[] {
  return script
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseStatement(splitWords(part)));
}

/** Splits at blanks, except inside single or double quotes. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function parseStatement(words: readonly string[]): Statement {
  const [command = '', ...args] = words;
  switch (command) {
    case 'exec':
      return parseStatement(args);
    case 'true':
      return { type: 'exit', code: 0 };
    case 'false':
      return { type: 'exit', code: 1 };
    case 'exit':
      return { type: 'exit', code: Number(args[0] ?? 0) };
    case 'sleep':
      return { type: 'sleep', seconds: args[0]?.startsWith('inf') ? Number.POSITIVE_INFINITY : Number(args[0]) };
    case 'cat':
      return { type: 'cat' };
    case 'trap':
      return { type: 'ignoreTerm' };
    case 'echo':
      return parseEcho(args);
    default:
      return { type: 'unknown', command };
  }
}

function parseEcho(args: readonly string[]): Statement {
  if (args.at(-1) === '>&2') return { type: 'echo', text: args.slice(0, -1).join(' '), to: 'stderr' };
  if (args.at(-2) === '>') return { type: 'echo', text: args.slice(0, -2).join(' '), to: { file: args.at(-1) ?? '' } };
  return { type: 'echo', text: args.join(' '), to: 'stdout' };
}
