// Generates docs/reasons.md from the catalogue in src/domain/reasons.ts, or with --check fails if what is committed is not what
// the catalogue says.
import { readFileSync, writeFileSync } from 'node:fs';
import { reasons } from '../src/domain/reasons.ts';

const file = 'docs/reasons.md';

function page(): string {
  const rows = Object.entries(reasons).map(
    ([tag, { code, sentence, remedy }]) => `| \`${tag}\` | ${code} | ${sentence} | ${remedy} |`,
  );
  return `# Reasons

Why the station refuses, holds or fails. The tag is \`ErrorInfo.reason\` of an error (domain \`portcullis\`), \`reason\` in \`would_refuse\` and
in the rules of an explanation, \`blocked_by\` of a transaction, and \`reason\` in the journal. The message of an error says more: what was
wrong here, with which value.

PERMISSION_DENIED and FAILED_PRECONDITION are denials: the request was understood and judged. INVALID_ARGUMENT comes with a \`BadRequest\` that
names the field. UNAVAILABLE, INTERNAL and DATA_LOSS are failures of the station or of a device: nothing was released.

| Tag | Code | What is so | What the caller can do |
| --- | --- | --- | --- |
${rows.join('\n')}

This page is generated from \`src/domain/reasons.ts\` by \`npm run generate\`.
`;
}

const want = page();
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') === want) {
    console.log(`${file}: ${Object.keys(reasons).length} reasons, all as src/domain/reasons.ts says`);
  } else {
    console.error(`${file} is not what src/domain/reasons.ts says.\nRun "npm run generate" and commit it.`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, want);
}
