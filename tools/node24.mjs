// Runs a script in Node 24 or newer: in this process if it is one, else in the Node that the lockfile brought. npm puts that
// one first on the PATH of its scripts, but not every version of npm does. Plain JavaScript, so that an older Node can read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [file, ...args] = process.argv.slice(2);
const script = resolve(file);
if (Number(process.versions.node.split('.')[0]) >= 24) {
  process.argv.splice(1, process.argv.length, script, ...args);
  await import(pathToFileURL(script).href);
} else {
  const brought = fileURLToPath(
    new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
  );
  if (existsSync(brought)) {
    const child = spawn(brought, [script, ...args], { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('exit', (code, signal) => {
      process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
    });
  } else {
    console.error(
      `This needs Node 24 or newer; this is ${process.versions.node}, and npm ci brought none for ${process.platform} ${process.arch}.`,
    );
    process.exitCode = 1;
  }
}
