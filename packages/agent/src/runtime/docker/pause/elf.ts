/** The smallest static ELF executable around a piece of code: one header, one segment (System V ABI, ELF-64). Pure. */
import type { Architecture } from './program.ts';

const headerBytes = 64;
const programHeaderBytes = 56;
const loadAddress = 0x400000n;
const pageBytes = 0x10000n;
const machineOf: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };

export function toExecutable(code: Uint8Array, architecture: Architecture): Uint8Array {
  const start = headerBytes + programHeaderBytes;
  const file = new Uint8Array(start + code.length);
  const view = new DataView(file.buffer);
  // e_ident: magic, 64-bit, little-endian, version 1.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // e_type: executable
  view.setUint16(18, machineOf[architecture], true);
  view.setUint32(20, 1, true); // e_version
  view.setBigUint64(24, loadAddress + BigInt(start), true); // e_entry
  view.setBigUint64(32, BigInt(headerBytes), true); // e_phoff
  view.setUint16(52, headerBytes, true); // e_ehsize
  view.setUint16(54, programHeaderBytes, true); // e_phentsize
  view.setUint16(56, 1, true); // e_phnum
  const at = headerBytes;
  view.setUint32(at, 1, true); // p_type: load
  view.setUint32(at + 4, 5, true); // p_flags: read, execute
  view.setBigUint64(at + 16, loadAddress, true); // p_vaddr
  view.setBigUint64(at + 24, loadAddress, true); // p_paddr
  view.setBigUint64(at + 32, BigInt(file.length), true); // p_filesz
  view.setBigUint64(at + 40, BigInt(file.length), true); // p_memsz
  view.setBigUint64(at + 48, pageBytes, true); // p_align
  file.set(code, start);
  return file;
}
