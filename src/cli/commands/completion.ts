// busline completion: a script that lets a shell complete what is typed. It is made from the tree of commands.

import { Argument } from 'commander';
import type { Command } from 'commander';
import { bashScript, fishScript, zshScript } from '../completion-scripts.ts';
import type { Node } from '../completion-scripts.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

const help = `
bash:  busline completion bash >> ~/.bashrc
zsh:   busline completion zsh > "\${fpath[1]}/_busline"
fish:  busline completion fish > ~/.config/fish/completions/busline.fish`;

function nodeOf(command: Command): Node {
  return {
    name: command.name(),
    about: command.description(),
    options: command.options
      .filter(({ hidden, long }) => !hidden && long !== undefined)
      .map(({ long = '', description }) => ({ name: long, about: description })),
    below: command.commands.map(nodeOf),
  };
}

export function completion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .addHelpText('after', help)
    .action((shell: keyof typeof scripts) => {
      process.stdout.write(`${scripts[shell](nodeOf(program))}\n`);
    });
}
