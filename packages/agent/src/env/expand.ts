/**
 * `$(VAR)` in commands, arguments and values, as Kubernetes has it: `$$` is one `$`, a reference that cannot be resolved
 * stays as it is written. Pure; one pass, so that what a value holds is never expanded again.
 */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0 || dollar + 1 === text.length) return out + text.slice(at);
    out += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '(') {
      const end = text.indexOf(')', dollar + 2);
      // A reference that is not closed is plain text, and what follows it is read on.
      out += end < 0 ? '$(' : (lookUp(text.slice(dollar + 2, end)) ?? text.slice(dollar, end + 1));
      at = end < 0 ? dollar + 2 : end + 1;
    } else {
      // `$$` escapes; any other letter after `$` leaves both as they are.
      out += next === '$' ? '$' : `$${next}`;
      at = dollar + 2;
    }
  }
  return out;
}
