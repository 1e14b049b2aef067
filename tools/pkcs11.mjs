// Compiles pkcs11js, the one package that comes without binaries, for stations with an HSM. Install scripts are off in this
// project, so this is a step of its own: it does nothing where the binary is there, and says what lacks where it can't be made.
// `--quiet`: says nothing of what only an HSM would need. Plain JavaScript, so that any Node can read it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'node_modules/pkcs11js');
const binary = join(folder, 'build/Release/pkcs11.node');
/** The headers of the Node that the lockfile brought: nothing is downloaded. */
const headers = join(root, `node_modules/node-${process.platform}-${process.arch}`);
const has = (name) => (process.env.PATH ?? '').split(delimiter).some((path) => existsSync(join(path, name)));

function lacking() {
  if (!existsSync(folder)) return 'the package pkcs11js (npm ci)';
  if (!existsSync(join(headers, 'include/node/node_api.h'))) return `Node's headers (${headers})`;
  const tools = ['make', 'python3', 'c++'].filter((name) => !has(name));
  return tools.length === 0 ? undefined : `${tools.join(', ')} (Debian: apt-get install build-essential python3)`;
}

function compile() {
  const args = ['rebuild', 'pkcs11js', '--ignore-scripts=false', '--foreground-scripts=false'];
  const env = { ...process.env, npm_config_nodedir: headers, npm_config_ignore_scripts: 'false' };
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: root, env, encoding: 'utf8' });
  if (status === 0 && existsSync(binary)) return undefined;
  return `compiling pkcs11js failed:\n${stdout ?? ''}${stderr ?? ''}`;
}

if (!existsSync(binary)) {
  const missing = lacking();
  const why = missing === undefined ? compile() : `HSM signers need pkcs11js compiled, and there is no ${missing}`;
  if (why !== undefined) {
    if (!process.argv.includes('--quiet') || process.env.CI) console.error(why);
    process.exitCode = process.env.CI || !process.argv.includes('--quiet') ? 1 : 0;
  }
}
