/** Where the agent keeps its key and certificate: one file, replaced whole, so that the two always belong together. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { NodeCertificate } from './certificate.ts';

export const certificateFile = (rootDir: string): string => join(rootDir, 'pki', 'agent.crt');

const keyPattern = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/;

/** Undefined when there is none. */
export async function readCertificate(rootDir: string): Promise<NodeCertificate | undefined> {
  const text = await readFile(certificateFile(rootDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const keyPem = keyPattern.exec(text ?? '')?.[0];
  return text === undefined || keyPem === undefined ? undefined : { certPem: text.replace(keyPem, ''), keyPem };
}

export async function writeCertificate(rootDir: string, { certPem, keyPem }: NodeCertificate): Promise<void> {
  const file = certificateFile(rootDir);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await chmod(dirname(file), 0o700);
  await writeFile(`${file}.new`, `${certPem.trimEnd()}\n${keyPem}`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
