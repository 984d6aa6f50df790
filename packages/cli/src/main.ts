#!/usr/bin/env node
/** `skiff`: a verb a file. Commands import their parts when they run, so that a small verb starts fast. */
import { constants } from 'node:os';
import { Command, Help } from 'commander';
import { registerAgent } from './commands/agent.ts';
import { registerApiserver } from './commands/apiserver.ts';
import { registerApply } from './commands/apply.ts';
import { registerCerts } from './commands/certs.ts';
import { registerController } from './commands/controller.ts';
import { registerDelete } from './commands/delete.ts';
import { registerDown } from './commands/down.ts';
import { registerExec } from './commands/exec.ts';
import { registerGet } from './commands/get.ts';
import { registerImage } from './commands/image.ts';
import { registerLogs } from './commands/logs.ts';
import { registerScheduler } from './commands/scheduler.ts';
import { registerSim } from './commands/sim.ts';
import { registerStatus } from './commands/status.ts';
import { registerToken } from './commands/token.ts';
import { registerUp } from './commands/up.ts';
import { describeFailure } from './output/failure.ts';

const program = new Command('skiff')
  .description('A Kubernetes-compatible container orchestrator. kubectl and helm work with .skiff/kubeconfig.')
  .helpCommand(false)
  .configureHelp({
    // That what is not given is off, or empty, needs no words.
    optionDescription: (option) =>
      option.defaultValue === false || option.defaultValue === ''
        ? option.description
        : new Help().optionDescription(option),
  })
  .showHelpAfterError('(skiff --help lists the commands)');

program.commandsGroup('A cluster on this machine:');
registerUp(program);
registerStatus(program);
registerDown(program);
registerImage(program);
program.commandsGroup('Objects:');
registerGet(program);
registerApply(program);
registerDelete(program);
registerLogs(program);
registerExec(program);
program.commandsGroup('A cluster put together by hand:');
registerCerts(program);
registerToken(program);
program.commandsGroup('Components:');
registerApiserver(program);
registerScheduler(program);
registerController(program);
registerAgent(program);
registerSim(program);

// A reader that left (`skiff get -w | head`) ends the command, as SIGPIPE ends others.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(128 + constants.signals.SIGPIPE);
});

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
