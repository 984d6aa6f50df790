/**
 * Hosts in network namespaces, for tests against the real kernel: wires, hosts, pods' namespaces, and small programs in them.
 * Nothing has a default route that leaves the lab. Names are unique to the process; `tearDown` removes everything.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CommandRunner, output, runCommand } from '../command.ts';

export interface Host {
  readonly name: string;
  readonly netns: string;
  /** Runs commands inside the host's network. */
  readonly run: CommandRunner;
}

export interface Lab {
  /** A namespace with loopback up. */
  host(name: string): Promise<Host>;
  /** A cable from `a` to `b`: `deviceA` with `addressA`, and so on. Addresses in CIDR form; '' for none. */
  cable(a: Host, deviceA: string, addressA: string, b: Host, deviceB: string, addressB: string): Promise<void>;
  /** Starts a server that answers every TCP connection and UDP packet with `<name> <client's address>`; resolves when it listens. */
  serve(host: Host, name: string, port: number): Promise<void>;
  /** What servers answer to `count` questions one after the other, each from a new port; `error: CODE` for one that failed. */
  ask(host: Host, protocol: 'tcp' | 'udp', address: string, port: number, count?: number): Promise<string[]>;
  /** A client that asks over UDP again and again from one and the same port. */
  udpFlow(host: Host, address: string, port: number): Promise<UdpFlow>;
  tearDown(): Promise<void>;
}

export interface UdpFlow {
  /** The answer, or `error: CODE`. */
  ask(): Promise<string>;
  close(): void;
}

const serverProgram = fileURLToPath(new URL('./answering-server.ts', import.meta.url));
const clientProgram = fileURLToPath(new URL('./asking-client.ts', import.meta.url));

export function newLab(): Lab {
  const prefix = `skt${process.pid}-`;
  const hosts: Host[] = [];
  const servers: ChildProcess[] = [];

  return {
    async host(name) {
      const netns = `${prefix}${name}`;
      await output(runCommand, 'ip', ['netns', 'add', netns]);
      // Not `ip netns exec`: that would mount another /sys.
      const enter = `--net=/run/netns/${netns}`;
      const host: Host = {
        name,
        netns,
        run: (command, args, options) => runCommand('nsenter', [enter, command, ...args], options),
      };
      hosts.push(host);
      await output(host.run, 'ip', ['link', 'set', 'lo', 'up']);
      return host;
    },
    async cable(a, deviceA, addressA, b, deviceB, addressB) {
      const peer = ['peer', 'name', deviceB, 'netns', b.netns];
      await output(a.run, 'ip', ['link', 'add', 'name', deviceA, 'type', 'veth', ...peer]);
      for (const [host, device, address] of [
        [a, deviceA, addressA],
        [b, deviceB, addressB],
      ] as const) {
        if (address !== '') await output(host.run, 'ip', ['address', 'add', address, 'dev', device]);
        await output(host.run, 'ip', ['link', 'set', 'dev', device, 'up']);
      }
    },
    async serve(host, name, port) {
      const args = [`--net=/run/netns/${host.netns}`, process.execPath, serverProgram, name, String(port)];
      const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      servers.push(child);
      await once(child.stdout, 'data');
    },
    async ask(host, protocol, address, port, count = 1) {
      const words = [protocol, address, String(port), String(count)];
      return (await output(host.run, process.execPath, [clientProgram, ...words])).split('\n');
    },
    async udpFlow(host, address, port) {
      const args = [
        `--net=/run/netns/${host.netns}`,
        process.execPath,
        clientProgram,
        'udp-flow',
        address,
        String(port),
      ];
      const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] });
      servers.push(child);
      const lines = createInterface({ input: child.stdout });
      const answers = lines[Symbol.asyncIterator]();
      return {
        async ask() {
          child.stdin.write('\n');
          return (await answers.next()).value ?? 'error: ENDED';
        },
        close: () => child.kill('SIGKILL'),
      };
    },
    async tearDown() {
      for (const server of servers) {
        if (server.exitCode !== null || server.signalCode !== null) continue;
        server.kill('SIGKILL');
        await once(server, 'exit');
      }
      for (const { netns } of hosts) await output(runCommand, 'ip', ['netns', 'delete', netns]);
    },
  };
}
