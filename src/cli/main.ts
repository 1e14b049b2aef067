#!/usr/bin/env node
// Nothing may be imported before the version is known: what follows would not load in an older Node.

// With a listener of its own, Node does not open its inspector to whoever can send the signal (threat S8).
process.on('SIGUSR1', () => {});
// Whoever read the answer went away, as `head` does: there is nobody left to tell. Complaints may go unread, work may not.
process.stdout.on('error', () => process.exit(1));
process.stderr.on('error', () => {});

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
    // ECMA-48 EL: whatever stood to the right is erased.
    draw: process.stderr.isTTY ? (line) => process.stderr.write(`\r${line}\u001b[K`) : undefined,
  });
}

export {};
