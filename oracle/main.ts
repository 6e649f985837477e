#!/usr/bin/env node
/** The program `sockref`: the command line in its real surroundings. What is imported here is all that `--help` waits for. */
import { runCommandLine } from './cli/command.ts';
import { engines } from './cli/engines.ts';

const status = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  engines,
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    process.on('SIGTERM', listener);
    return () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    };
  },
});

// A solver or a worker that is still there must not keep the program from ending.
process.exit(status);
