#!/usr/bin/env node
/** `skiff`: a verb a file. Only the one that is named is loaded, so that a small verb starts fast. */
import { constants } from 'node:os';
import { Command, Help } from 'commander';
import { describeFailure } from './output/failure.ts';

type Verbs = Readonly<Record<string, () => Promise<{ register(program: Command): void }>>>;

/** As help lists them. */
const groups: Readonly<Record<string, Verbs>> = {
  'A cluster on this machine:': {
    up: () => import('./commands/up.ts'),
    status: () => import('./commands/status.ts'),
    down: () => import('./commands/down.ts'),
    image: () => import('./commands/image.ts'),
  },
  'Objects:': {
    get: () => import('./commands/get.ts'),
    apply: () => import('./commands/apply.ts'),
    delete: () => import('./commands/delete.ts'),
    logs: () => import('./commands/logs.ts'),
    exec: () => import('./commands/exec.ts'),
  },
  'A cluster put together by hand:': {
    certs: () => import('./commands/certs.ts'),
    token: () => import('./commands/token.ts'),
  },
  'Components:': {
    apiserver: () => import('./commands/apiserver.ts'),
    scheduler: () => import('./commands/scheduler.ts'),
    controller: () => import('./commands/controller.ts'),
    agent: () => import('./commands/agent.ts'),
    sim: () => import('./commands/sim.ts'),
  },
};

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

const [, , first = ''] = process.argv;
// Help, and the answer to a word that is no command, are about all of them.
const isNamed = Object.values(groups).some((verbs) => Object.hasOwn(verbs, first));
for (const [group, verbs] of Object.entries(groups)) {
  program.commandsGroup(group);
  for (const [name, load] of Object.entries(verbs)) if (!isNamed || name === first) (await load()).register(program);
}

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
