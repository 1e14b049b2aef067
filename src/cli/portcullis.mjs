#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the rest can still say so.

// With a listener of its own, Node does not open its inspector to whoever can send the signal (threat S8).
process.on('SIGUSR1', () => {});

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `portcullis needs Node 24 or newer; this is ${process.versions.node}. In its folder, "npm ci" installs the right one and "npx portcullis" uses it.`,
  );
  process.exitCode = 1;
} else {
  await import('./main.ts');
}
