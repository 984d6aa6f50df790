/** Keys and certificates as files: never half written, a key never readable by others. */
import { open, rename, rm } from 'node:fs/promises';
import type { KeyPair } from './authority.ts';

/** Replaces a file as one step: a reader sees the old text or the new one. Written with `mode` from its first byte. */
export async function writeAtomically(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Writes a pair; the key first, so that a certificate is never there without its key. */
export async function writeKeyPair(
  paths: { readonly certificateFile: string; readonly keyFile: string },
  pair: KeyPair,
): Promise<void> {
  await writeAtomically(paths.keyFile, pair.keyPem, 0o600);
  await writeAtomically(paths.certificateFile, pair.certificatePem, 0o644);
}
