// Checks the types of every project, each with the globals it may use and no others.
import { spawnSync } from 'node:child_process';
import { root } from './dependencies.mjs';

const projects = ['src/core', 'src/protocol', 'src/testing', 'src', 'src/node', 'src/cli', '.'];

for (const project of projects) {
  const args = ['node_modules/typescript/bin/tsc', '-p', project, '--pretty', 'false'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.log(`(in project ${project})`);
    process.exitCode = 1;
  }
}
