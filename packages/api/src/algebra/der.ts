/** Just enough of DER (X.690) to find the parts of a signed document. Faults are told as Go's encoding/asn1 tells them. */

export interface Der {
  readonly tag: number;
  /** The value with its tag and length. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

export const tags = { bitString: 0x03, objectIdentifier: 0x06, integer: 0x02, sequence: 0x30 } as const;

/** Throws Error for what is no DER. */
function readAt(bytes: Buffer, start: number): Der {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) throw new Error('asn1: syntax error: truncated tag or length');
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80) throw new Error('asn1: syntax error: indefinite length found (not DER)');
  // No body is as long as four bytes of length can say.
  if (extra > 4) throw new Error('asn1: structure error: length too large');
  let length = first;
  const from = start + 2 + extra;
  if (extra > 0) {
    if (from > bytes.length) throw new Error('asn1: syntax error: truncated tag or length');
    length = bytes.readUIntBE(start + 2, extra);
    if (bytes[start + 2] === 0) throw new Error('asn1: structure error: superfluous leading zeros in length');
    if (length < 0x80) throw new Error('asn1: structure error: non-minimal length');
  }
  if (from + length > bytes.length) throw new Error('asn1: syntax error: data truncated');
  return { tag, whole: bytes.subarray(start, from + length), content: bytes.subarray(from, from + length) };
}

/** The values that stand one after another. Throws Error for what is no DER. */
export function readDer(bytes: Buffer): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = readAt(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The one value of the tag that stands at `index`. Throws Error when it is another. */
export function expectDer(values: readonly Der[], index: number, tag: number): Der {
  const value = values[index];
  if (value === undefined) throw new Error('asn1: syntax error: sequence truncated');
  if (value.tag !== tag) throw new Error("asn1: structure error: tags don't match");
  return value;
}

/** An object identifier in dots. */
export function oidOf({ content }: Der): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) arcs.push(Math.min(Math.floor(arc / 40), 2), arc - Math.min(Math.floor(arc / 40), 2) * 40);
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}
