// Generates src/generated/ from proto/, or with --check fails if what is committed is not what proto/ says.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const committed = 'src/generated';

function generate(out: string): void {
  const template = readFileSync('buf.gen.yaml', 'utf8').replace(`out: ${committed}`, `out: ${out}`);
  const run = spawnSync('buf', ['generate', '--template', template, '--include-imports'], { stdio: 'inherit' });
  if (run.status !== 0) throw new Error(`buf generate failed with ${run.status ?? run.error?.message}`);
}

function files(root: string): Map<string, string> {
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    found.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(root, path), readFileSync(path, 'utf8')];
    }),
  );
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-generated-'));
  try {
    generate(scratch);
    const want = files(scratch);
    const have = files(committed);
    const stale = [...new Set([...want.keys(), ...have.keys()])].filter((name) => want.get(name) !== have.get(name));
    if (stale.length > 0) {
      console.error(`${committed} is not what proto/ says: ${stale.join(', ')}\nRun "npm run generate" and commit it.`);
      process.exitCode = 1;
    } else {
      console.log(`${committed}: ${have.size} files, all as proto/ says`);
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
} else {
  generate(committed);
}
