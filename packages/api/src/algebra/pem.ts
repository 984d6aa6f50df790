/** PEM as Go's encoding/pem reads it: blocks that do not decode are skipped, and so is whatever stands between blocks. */

export interface PemBlock {
  readonly type: string;
  /** Lines of the form `Name: value` stand before the body. */
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
}

const border = /^-----(BEGIN|END) (.*)-----[ \t\r]*$/;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Every block of a text. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { readonly type: string; readonly lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const [, side, type = ''] = border.exec(line) ?? [];
    if (side === undefined) open?.lines.push(line);
    else if (side === 'BEGIN') open = { type, lines: [] };
    else {
      const block = open?.type === type ? blockOf(type, open.lines) : undefined;
      if (block !== undefined) blocks.push(block);
      open = undefined;
    }
  }
  return blocks;
}

function blockOf(type: string, lines: readonly string[]): PemBlock | undefined {
  const first = lines.findIndex((line) => !line.includes(':'));
  const body = first === -1 ? [] : lines.slice(first);
  const encoded = body.join('').replaceAll(/[ \t\r]/g, '');
  if (!base64.test(encoded) || encoded.length % 4 !== 0) return undefined;
  return { type, hasHeaders: body.length < lines.length, bytes: Buffer.from(encoded, 'base64') };
}
