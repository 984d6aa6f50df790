/** The answer of a container that wants to write files of whoever copies from it. For tests only. */

interface Entry {
  readonly name: string;
  readonly text?: string;
  readonly linkTo?: string;
}

const blockBytes = 512;

/** A ustar header and its content. */
function entryOf({ name, text = '', linkTo = '' }: Entry): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(text.length, 12) + octal(0, 12), 100);
  header.fill(' ', 148, 156);
  header.write(linkTo === '' ? '0' : '2', 156);
  header.write(linkTo, 157);
  header.write('ustar\x0000', 257);
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  const body = Buffer.alloc(Math.ceil(text.length / blockBytes) * blockBytes);
  body.write(text);
  return Buffer.concat([header, body]);
}

/** What `tar cf - /x` answers: a file, and three ways out of where it is unpacked. */
export const evilArchive = Buffer.concat([
  ...[
    { name: 'x/file', text: 'honest\n' },
    { name: 'x/../../climbed', text: 'evil\n' },
    { name: 'x/door', linkTo: '..' },
    { name: 'x/door/through', text: 'evil\n' },
    { name: '../beside', text: 'evil\n' },
  ].map(entryOf),
  Buffer.alloc(2 * blockBytes),
]);
