#!/usr/bin/env node
// Nothing may be imported before the version is known: what follows would not load in an older Node.
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `portcullis needs Node 24 or newer; this is ${process.versions.node}. In its folder, "npm ci" installs the right one and "npx portcullis" uses it.`,
  );
  process.exitCode = 1;
} else {
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
  });
}

export {};
