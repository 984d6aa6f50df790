/** URLs in what comes through a proxy, made to lead through it again (apimachinery's util/proxy transport). Pure. */

/** Where URLs stand in HTML, by tag. */
const urlAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

const urlParts = /^(?:(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*))?(\/.*)$/is;

/** `prefix` is the path of the proxy itself, `host` what the client calls this server. Relative URLs and those of other hosts stay. */
export function rewriteUrl(url: string, prefix: string, host: string): string {
  const match = urlParts.exec(url);
  if (match === null) return url;
  const [, urlHost = '', path = ''] = match;
  if (urlHost !== '' && urlHost !== host) return url;
  const origin = url.slice(0, url.length - path.length);
  return path === prefix || path.startsWith(`${prefix}/`) ? url : `${origin}${prefix}${path}`;
}

/** What holds no tags. */
const rawText = new Set(['script', 'style', 'textarea', 'title', 'xmp', 'noembed', 'noframes']);
/** A tag longer than this is passed on as it is. */
const maxTagChars = 64 * 1024;

/** A rewriter of one document that comes in pieces; `end` gives what is left. Texts are latin1: every byte one character, and none is changed but by a rewrite. */
export function createHtmlRewriter(rewrite: (url: string) => string): { push(text: string): string; end(): string } {
  let held = '';
  /** The element whose raw text we are in; '' outside. */
  let inside = '';

  const take = (isLast: boolean): string => {
    let done = '';
    for (;;) {
      const start = inside === '' ? held.indexOf('<') : indexOfEnd(held, inside);
      if (start < 0) break;
      const end = endOfMarkup(held, start);
      if (end < 0) {
        if (!isLast && held.length - start <= maxTagChars) {
          done += held.slice(0, start);
          held = held.slice(start);
          return done;
        }
        break;
      }
      const markup = held.slice(start, end);
      const name = /^<([a-z][a-z0-9]*)/i.exec(markup)?.[1]?.toLowerCase() ?? '';
      done += held.slice(0, start) + rewriteTag(markup, name, rewrite);
      held = held.slice(end);
      inside = rawText.has(name) && !markup.endsWith('/>') ? name : '';
    }
    // In raw text the beginning of its end may be at the end of what is held.
    const keep = isLast || inside === '' ? 0 : Math.min(held.length, inside.length + 2);
    done += held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return done;
  };

  return {
    push(text) {
      held += text;
      return take(false);
    },
    end: () => take(true),
  };
}

const indexOfEnd = (text: string, name: string): number => text.toLowerCase().indexOf(`</${name}`);

/** The index behind the tag or comment that begins at `start`; -1 when its end has not come. */
function endOfMarkup(text: string, start: number): number {
  if (text.startsWith('<!--', start)) {
    const end = text.indexOf('-->', start + 4);
    return end < 0 ? -1 : end + 3;
  }
  const next = text[start + 1];
  if (next === undefined) return -1;
  // A lone bracket is text.
  if (!/[a-z/!?]/i.test(next)) return start + 1;
  let quote = '';
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '>') return i + 1;
    else if ((char === '"' || char === "'") && /=\s*$/.test(text.slice(Math.max(start, i - 16), i))) quote = char;
  }
  return -1;
}

const attribute = /(\s)([^\s"'>=/]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

function rewriteTag(markup: string, name: string, rewrite: (url: string) => string): string {
  const names = Object.hasOwn(urlAttributes, name) ? urlAttributes[name] : undefined;
  if (names === undefined) return markup;
  return markup.replace(attribute, (whole, space: string, key: string, equals: string, double, single, bare) => {
    const url: string = double ?? single ?? bare;
    if (!names.includes(key.toLowerCase())) return whole;
    const quote = double !== undefined ? '"' : single !== undefined ? "'" : '';
    return `${space}${key}${equals}${quote}${rewrite(url)}${quote}`;
  });
}
