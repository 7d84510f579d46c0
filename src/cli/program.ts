// The tree of commands. Each has a file of its own, which adds it; here stand the options that all of them have.

import { Command, CommanderError, Option } from 'commander';
import { logLevels } from '../node/hub/settings-options.ts';
import { bench } from './commands/bench.ts';
import { completion } from './commands/completion.ts';
import { dead } from './commands/dead.ts';
import { doctor } from './commands/doctor.ts';
import { groups } from './commands/groups.ts';
import { history } from './commands/history.ts';
import { hub } from './commands/hub.ts';
import { request } from './commands/request.ts';
import { send } from './commands/send.ts';
import { status } from './commands/status.ts';
import { tail } from './commands/tail.ts';
import { exitCodes } from './failure.ts';
import { endQuietly } from './output.ts';
import { version } from './version.ts';

const about = `One message bus, from a folder to a fleet of hubs.

Without any setting the log is in the folder .busline; with --redis or REDIS_URL it is in Redis.
Every command works on that log by itself: no hub needs to run.`;

const examples = `
Examples:
  busline send chat "hello"                store a message in the channel "chat"
  busline tail chat --from earliest        print all messages of it, and those that come
  busline tail "room:*" --json | jq        every channel that begins with "room:", for programs
  cat events.jsonl | busline send log -    store each line
  busline doctor                           see whether all is well here, and what to do if not

Exit code: 0, 1 if it failed, 2 if it was used wrongly. Data is on the standard output, all else on the standard error.
Settings: docs/hub.md. Shell completion: busline completion --help`;

/** Adds to a command what every command has, and so to those below it. */
function addCommon(command: Command): void {
  for (const below of command.commands) addCommon(below);
  if (command.commands.length > 0) return;
  command.optionsGroup('Which log:');
  command.option('--dir <folder>', 'folder of the log (default: .busline, or BUSLINE_DIR)');
  command.option('--redis <url>', 'address of Redis (default: REDIS_URL; its password may stand in REDIS_PASSWORD)');
  command.option('--no-redis', 'work on files, whatever is set elsewhere');
  command.option('--config <file>', 'file of settings (default: busline.config.json, if there is one)');
  command.optionsGroup('Everywhere:');
  command.option('--name <name>', 'who sends (default: cli, or BUSLINE_NAME)');
  command.option('--json', 'one value of JSON a line, for programs');
  command.addOption(new Option('--log-level <level>', 'what is told of the work of the hub').choices([...logLevels]));
  command.option('--verbose', 'tell all, and where errors come from');
}

export function createProgram(): Command {
  const program = new Command('busline');
  program.description(about).version(version(), '-V, --version', 'print the version').addHelpText('after', examples);
  for (const add of [hub, send, tail, history, request, groups, dead, status, doctor, bench, completion]) add(program);
  addCommon(program);
  configure(program);
  return program;
}

function configure(command: Command): void {
  command.exitOverride().showHelpAfterError('("--help" shows what there is)').helpOption('-h, --help', 'show this');
  for (const below of command.commands) configure(below);
}

/** Each command ends the process itself; what comes back is help, or wrong use. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  endQuietly();
  try {
    await createProgram().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.wrongUse;
  }
}
