/** Runs CNI plugins (CNI spec 1.0.0, section 3: environment variables, configuration on stdin, result or error on stdout). */
import { join } from 'node:path';
import type { CommandResult, CommandRunner } from './command.ts';

/** A plugin refused. `code` is the spec's (section 5) or a plugin's own. */
export class CniError extends Error {
  readonly code: number;

  constructor(plugin: string, verb: CniVerb, code: number, message: string) {
    super(`CNI plugin ${plugin}, ${verb}: ${message}`);
    this.name = 'CniError';
    this.code = code;
  }
}

export type CniVerb = 'ADD' | 'DEL' | 'CHECK';

export interface CniCall {
  readonly plugin: string;
  readonly verb: CniVerb;
  readonly containerId: string;
  /** Path of the network namespace; '' on DEL when it is gone. */
  readonly netns: string;
  readonly device: string;
  readonly config: object;
}

/** What ADD answers, as far as we read it. */
export interface CniResult {
  readonly ips?: readonly { readonly address: string }[];
}

/** Codes of the spec's table of errors. */
const failedToDecode = 6;

/** Resolves to the plugin's answer ({} when it printed none). Throws CniError. */
export async function callPlugin(run: CommandRunner, binDir: string, call: CniCall): Promise<CniResult> {
  const result = await run(join(binDir, call.plugin), [], {
    stdin: JSON.stringify(call.config),
    env: {
      CNI_COMMAND: call.verb,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.netns,
      CNI_IFNAME: call.device,
      CNI_PATH: binDir,
      CNI_ARGS: '',
    },
  });
  if (result.code !== 0) throw refusal(call, result);
  if (result.stdout.trim() === '') return {};
  const answer = parseObject(result.stdout);
  if (answer === undefined)
    throw new CniError(call.plugin, call.verb, failedToDecode, `not JSON: ${result.stdout.slice(0, 200)}`);
  return answer;
}

function refusal({ plugin, verb }: CniCall, result: CommandResult): CniError {
  const said = parseObject(result.stdout) as { code?: unknown; msg?: unknown; details?: unknown } | undefined;
  if (said === undefined)
    return new CniError(plugin, verb, result.code, result.stderr.trim() || `exit code ${result.code}`);
  const details = typeof said.details === 'string' && said.details !== '' ? `: ${said.details}` : '';
  return new CniError(plugin, verb, typeof said.code === 'number' ? said.code : result.code, `${said.msg}${details}`);
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
