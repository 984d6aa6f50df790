/**
 * The pause program's machine code: what owns a pod's namespaces and does nothing else. As process 1 of a PID namespace it
 * gets no default signal actions, but a signal that is blocked stays pending even there; so it blocks three and waits:
 *
 *     block SIGTERM, SIGINT, SIGCHLD
 *     wait: signal = rt_sigtimedwait(those three, forever)
 *           signal < 0 (EINTR):  wait again
 *           signal == SIGCHLD:   reap every dead child, wait again
 *           else:                exit 0
 *
 * Machine words are written out here, each with its instruction. The only data is one signal set, behind the code.
 */

export type Architecture = 'amd64' | 'arm64';

const bitOf = (signal: number): bigint => 1n << BigInt(signal - 1);
const sigint = 2;
const sigterm = 15;
const sigchld = 17;

/** The kernel's sigset_t: 64 bits, little-endian on both architectures. */
function signalSet(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, bitOf(sigint) | bitOf(sigterm) | bitOf(sigchld), true);
  return bytes;
}

/** Code followed by its data; the entry point is its first byte. */
export function pauseProgram(architecture: Architecture): Uint8Array {
  const code = architecture === 'amd64' ? Uint8Array.from(amd64) : words(arm64);
  const program = new Uint8Array(code.length + 8);
  program.set(code);
  program.set(signalSet(), code.length);
  return program;
}

function words(instructions: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of instructions.entries()) view.setUint32(index * 4, word, true);
  return bytes;
}

/** x86-64: system call number in eax, arguments in rdi, rsi, rdx, r10. */
// biome-ignore format: an instruction a line
const amd64: readonly number[] = [
  /* 00 */ 0xb8, 14, 0, 0, 0,                 // mov eax, SYS_rt_sigprocmask
  /* 05 */ 0x31, 0xff,                        // xor edi, edi            (SIG_BLOCK)
  /* 07 */ 0x48, 0x8d, 0x35, 0x4e, 0, 0, 0,   // lea rsi, [rip + 0x4e]   (the set, at 5c)
  /* 0e */ 0x31, 0xd2,                        // xor edx, edx
  /* 10 */ 0x41, 0xba, 8, 0, 0, 0,            // mov r10d, 8
  /* 16 */ 0x0f, 0x05,                        // syscall
  // wait:
  /* 18 */ 0xb8, 128, 0, 0, 0,                // mov eax, SYS_rt_sigtimedwait
  /* 1d */ 0x48, 0x8d, 0x3d, 0x38, 0, 0, 0,   // lea rdi, [rip + 0x38]   (the set, at 5c)
  /* 24 */ 0x31, 0xf6,                        // xor esi, esi
  /* 26 */ 0x31, 0xd2,                        // xor edx, edx            (no timeout)
  /* 28 */ 0x41, 0xba, 8, 0, 0, 0,            // mov r10d, 8
  /* 2e */ 0x0f, 0x05,                        // syscall
  /* 30 */ 0x85, 0xc0,                        // test eax, eax
  /* 32 */ 0x78, 0xe4,                        // js wait
  /* 34 */ 0x83, 0xf8, sigchld,               // cmp eax, SIGCHLD
  /* 37 */ 0x74, 0x09,                        // je reap
  /* 39 */ 0x31, 0xff,                        // xor edi, edi
  /* 3b */ 0xb8, 231, 0, 0, 0,                // mov eax, SYS_exit_group
  /* 40 */ 0x0f, 0x05,                        // syscall
  // reap:
  /* 42 */ 0xb8, 61, 0, 0, 0,                 // mov eax, SYS_wait4
  /* 47 */ 0x6a, 0xff, 0x5f,                  // push -1; pop rdi        (any child)
  /* 4a */ 0x31, 0xf6,                        // xor esi, esi
  /* 4c */ 0x6a, 0x01, 0x5a,                  // push 1; pop rdx         (WNOHANG)
  /* 4f */ 0x45, 0x31, 0xd2,                  // xor r10d, r10d
  /* 52 */ 0x0f, 0x05,                        // syscall
  /* 54 */ 0x85, 0xc0,                        // test eax, eax
  /* 56 */ 0x7f, 0xea,                        // jg reap
  /* 58 */ 0xeb, 0xbe,                        // jmp wait
  /* 5a */ 0x0f, 0x0b,                        // ud2                     (never reached; aligns the set)
];

/** AArch64: system call number in x8, arguments in x0 to x3. */
// biome-ignore format: an instruction a line
const arm64: readonly number[] = [
  /* 00 */ 0xd28010e8, // mov x8, #135        (rt_sigprocmask)
  /* 04 */ 0xd2800000, // mov x0, #0          (SIG_BLOCK)
  /* 08 */ 0x10000381, // adr x1, 0x78        (the set)
  /* 0c */ 0xd2800002, // mov x2, #0
  /* 10 */ 0xd2800103, // mov x3, #8
  /* 14 */ 0xd4000001, // svc #0
  // wait:
  /* 18 */ 0xd2801128, // mov x8, #137        (rt_sigtimedwait)
  /* 1c */ 0x100002e0, // adr x0, 0x78        (the set)
  /* 20 */ 0xd2800001, // mov x1, #0
  /* 24 */ 0xd2800002, // mov x2, #0          (no timeout)
  /* 28 */ 0xd2800103, // mov x3, #8
  /* 2c */ 0xd4000001, // svc #0
  /* 30 */ 0xb7ffff40, // tbnz x0, #63, wait
  /* 34 */ 0xf100441f, // cmp x0, #17         (SIGCHLD)
  /* 38 */ 0x54000080, // b.eq reap
  /* 3c */ 0xd2800000, // mov x0, #0
  /* 40 */ 0xd2800bc8, // mov x8, #94         (exit_group)
  /* 44 */ 0xd4000001, // svc #0
  // reap:
  /* 48 */ 0xd2802088, // mov x8, #260        (wait4)
  /* 4c */ 0x92800000, // mov x0, #-1         (any child)
  /* 50 */ 0xd2800001, // mov x1, #0
  /* 54 */ 0xd2800022, // mov x2, #1          (WNOHANG)
  /* 58 */ 0xd2800003, // mov x3, #0
  /* 5c */ 0xd4000001, // svc #0
  /* 60 */ 0xf100001f, // cmp x0, #0
  /* 64 */ 0x54ffff2c, // b.gt reap
  /* 68 */ 0x17ffffec, // b wait
  /* 6c */ 0xd503201f, // nop
  /* 70 */ 0xd503201f, // nop
  /* 74 */ 0xd503201f, // nop
];
