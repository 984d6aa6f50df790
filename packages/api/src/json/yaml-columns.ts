/**
 * Quoted texts and flow collections may go on at any column for go-yaml; YAML 1.2, and the reader of it, want them further in than the
 * key or dash they belong to. Where they are not, this moves them: the spaces a line of theirs starts with mean nothing.
 */

const blanks = /[ \t\r]*/y;
const lineRest = /[^\n]*/y;
const property = /[^\s,[\]{}]*/y;
const header = /[|>][-+]?([1-9]?)/y;
const leadingSpaces = / */y;
const marker = /(?:---|\.\.\.)(?=\s|$)/y;

const isBlankAt = (text: string, at: number): boolean => at >= text.length || /\s/.test(text.charAt(at));

const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
};

/** The text with every such line moved in far enough, line for line; as it was where go-yaml would find a fault. */
export function indentContinued(text: string): string {
  const columns = new Columns(text);
  return columns.scan() ? columns.moved() : text;
}

/** Follows go-yaml's scanner as far as it takes to know where texts and collections begin and end. */
class Columns {
  readonly #text: string;
  readonly #indents: number[] = [-1];
  readonly #pieces: string[] = [];
  #at = 0;
  #lineStart = 0;
  #copied = 0;
  #added = 0;

  constructor(text: string) {
    this.#text = text;
  }

  moved(): string {
    return this.#pieces.join('') + this.#text.slice(this.#copied);
  }

  /** False where go-yaml would find a fault, or where the moved text would be too long. */
  scan(): boolean {
    const text = this.#text;
    /** Where what may turn out to be a key began. */
    let key: number | undefined;
    while (this.#at < text.length) {
      this.#skip(matchEnd(blanks, text, this.#at));
      const char = text.charAt(this.#at);
      const column = this.#at - this.#lineStart;
      if (char === '') break;
      if (char === '\n') {
        key = undefined;
        this.#skip(this.#at + 1);
      } else if (char === '#' || (char === '%' && column === 0)) {
        this.#skip(matchEnd(lineRest, text, this.#at));
      } else if (column === 0 && this.#isMarker(this.#at)) {
        this.#indents.length = 1;
        this.#skip(this.#at + 3);
      } else {
        this.#unroll(column);
        if (/[-?:]/.test(char) && isBlankAt(text, this.#at + 1)) {
          this.#roll(char === ':' ? (key ?? column) : column);
          key = undefined;
          this.#skip(this.#at + 1);
        } else if (char === '|' || char === '>') {
          this.#blockScalar();
        } else {
          key ??= column;
          if (!this.#value(char)) return false;
        }
      }
    }
    return true;
  }

  #value(char: string): boolean {
    if (/[&*!]/.test(char)) this.#skip(matchEnd(property, this.#text, this.#at + 1));
    else if (/["'[{]/.test(char)) return this.#movable(/["']/.test(char) ? this.#quotedEnd(this.#at) : this.#flowEnd());
    else this.#skip(this.#plainEnd(this.#at, false));
    return true;
  }

  #skip(to: number): void {
    const line = this.#text.slice(this.#at, to).lastIndexOf('\n');
    if (line >= 0) this.#lineStart = this.#at + line + 1;
    this.#at = to;
  }

  #isMarker(at: number): boolean {
    marker.lastIndex = at;
    return marker.test(this.#text);
  }

  get #indent(): number {
    return this.#indents.at(-1) ?? -1;
  }

  #unroll(column: number): void {
    while (this.#indent > column) this.#indents.pop();
  }

  #roll(column: number): void {
    if (this.#indent < column) this.#indents.push(column);
  }

  /** Moves the lines that begin before `end`; no document may begin or end at one of them. */
  #movable(end: number | undefined): boolean {
    if (end === undefined) return false;
    const text = this.#text;
    const indent = this.#indent + 1;
    for (let at = text.indexOf('\n', this.#at) + 1; at > 0 && at < end; at = text.indexOf('\n', at) + 1) {
      if (this.#isMarker(at)) return false;
      const missing = indent - (matchEnd(leadingSpaces, text, at) - at);
      if (missing <= 0 || text.charAt(matchEnd(blanks, text, at)) === '\n') continue;
      this.#added += missing;
      if (this.#added > text.length) return false;
      this.#pieces.push(text.slice(this.#copied, at), ' '.repeat(missing));
      this.#copied = at;
    }
    this.#skip(end);
    return true;
  }

  #quotedEnd(from: number): number | undefined {
    const text = this.#text;
    const quote = text.charAt(from);
    for (let at = from + 1; at < text.length; at += 1) {
      const char = text.charAt(at);
      if (char === '\\' && quote === '"') at += 1;
      else if (char !== quote) continue;
      else if (quote === "'" && text.charAt(at + 1) === quote) at += 1;
      else return at + 1;
    }
    return undefined;
  }

  #flowEnd(): number | undefined {
    const text = this.#text;
    let depth = 0;
    for (let at: number | undefined = this.#at; at !== undefined && at < text.length; ) {
      const char = text.charAt(at);
      if (/[[{]/.test(char)) depth += 1;
      if (/[\]}]/.test(char)) depth -= 1;
      if (depth === 0) return at + 1;
      if (/["']/.test(char)) at = this.#quotedEnd(at);
      else if (char === '#') at = matchEnd(lineRest, text, at);
      else if (/[&*!]/.test(char)) at = matchEnd(property, text, at + 1);
      else if (/[[\]{},?:\s]/.test(char)) at += 1;
      else at = this.#plainEnd(at, true);
    }
    return undefined;
  }

  /** A plain text goes on over lines, until one starts too far left for it; quotes inside it are its own. */
  #plainEnd(from: number, inFlow: boolean): number {
    const text = this.#text;
    const stop = inFlow ? /:(?=\s|$)|[,?[\]{}]|\s/g : /:(?=\s|$)|\s/g;
    for (let at = from; ; ) {
      stop.lastIndex = at;
      if (!stop.test(text)) return text.length;
      const end = stop.lastIndex - 1;
      if (!isBlankAt(text, end)) return Math.max(end, from + 1);
      const next = this.#plainGoesOn(end, inFlow);
      if (next === undefined) return end;
      at = next;
    }
  }

  #plainGoesOn(from: number, inFlow: boolean): number | undefined {
    const text = this.#text;
    let at = matchEnd(blanks, text, from);
    let column: number | undefined;
    while (text.charAt(at) === '\n') {
      column = matchEnd(leadingSpaces, text, at + 1) - at - 1;
      at = matchEnd(blanks, text, at + 1);
    }
    if (at >= text.length || text.charAt(at) === '#') return undefined;
    if (column === undefined) return at;
    if (column === 0 && this.#isMarker(at)) return undefined;
    return inFlow || column > this.#indent ? at : undefined;
  }

  /** Its lines are those that are empty or far enough in; how far, its header or its first line says. */
  #blockScalar(): void {
    const text = this.#text;
    header.lastIndex = this.#at;
    const told = Number(header.exec(text)?.[1] ?? '');
    let indent = told > 0 ? Math.max(this.#indent, 0) + told : 0;
    let widest = Math.max(this.#indent + 1, 1);
    this.#skip(matchEnd(lineRest, text, this.#at));
    while (this.#at < text.length) {
      const start = this.#at + 1;
      const content = matchEnd(leadingSpaces, text, start);
      const isEmpty = content >= text.length || /[\r\n]/.test(text.charAt(content));
      widest = Math.max(widest, indent === 0 ? content - start : 0);
      if (!isEmpty) {
        if (indent === 0) indent = widest;
        if (content - start < indent) break;
      }
      this.#skip(matchEnd(lineRest, text, start));
    }
  }
}
