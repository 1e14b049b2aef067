import { join, resolve } from 'node:path';
import { hour, Malformed, minute, parseWalletId, second, shown } from './domain/index.ts';
import { Members } from './gate/document.ts';
import { checkSecret, readSecret } from './secret-file.ts';
import { parseSpeculosUrl } from './signers/ledger/transport.ts';
import type { TokenName } from './signers/pkcs11/protocol.ts';

/** How a Ledger is reached: by USB, or, on test networks only, an emulator over HTTP on this machine. */
export type LedgerTransport = { readonly kind: 'hid' } | { readonly kind: 'speculos'; readonly url: string };

/** Where wallets' keys are. */
export type SignerConfig = LedgerSignerConfig | Pkcs11SignerConfig;

interface Named {
  /** The name that wallets in policy use. */
  readonly name: string;
}

export interface LedgerSignerConfig extends Named {
  readonly kind: 'ledger';
  readonly transport: LedgerTransport;
  /** How long a person may take to review a payment on the device, ms. */
  readonly review: number;
}

/** A token behind a vendor's PKCS#11 module. */
export interface TokenConfig {
  /** Absolute path. */
  readonly module: string;
  readonly token: TokenName;
  readonly pin: PinSource;
  /** What the module reads of its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Pkcs11SignerConfig extends Named, TokenConfig {
  readonly kind: 'pkcs11';
  /** How many children load the module, each with a session of its own. */
  readonly processes: number;
}

export type PinSource =
  | { readonly kind: 'file'; readonly file: string }
  /** systemd.exec(5), "Credentials": a file of this name in `$CREDENTIALS_DIRECTORY`. */
  | { readonly kind: 'credential'; readonly name: string };

/** `folder`: what files are relative to. */
export function parseSigner(value: unknown, place: string, folder: string): SignerConfig {
  const of = new Members(value, place);
  const name = parseWalletId(of.text('name'), of.at('name'));
  const kind = of.oneOf('kind', ['ledger', 'pkcs11']);
  const signer: SignerConfig = kind === 'ledger' ? parseLedger(of, name) : parsePkcs11(of, name, folder);
  of.done();
  return signer;
}

function parseLedger(of: Members, name: string): LedgerSignerConfig {
  const transport = of.oneOf('transport', ['hid', 'speculos']);
  const review = of.has('review') ? of.duration('review') : 5 * minute;
  if (review < 5 * second || review > hour) throw new Malformed(of.at('review'), 'expected from 5s to 1h');
  return {
    name,
    kind: 'ledger',
    transport: transport === 'hid' ? { kind: 'hid' } : { kind: 'speculos', url: speculosUrl(of) },
    review,
  };
}

/** An emulator signs for whoever asks it, so it is reached on this machine only. */
function speculosUrl(of: Members): string {
  const url = of.text('url');
  parseSpeculosUrl(url, of.at('url'));
  return url;
}

function parsePkcs11(of: Members, name: string, folder: string): Pkcs11SignerConfig {
  const processes = of.has('processes') ? of.count('processes', 1, 8) : 1;
  return { name, kind: 'pkcs11', ...parseToken(of, folder), processes };
}

/** The members of a document that name a token, taken out of it. */
export function parseToken(of: Members, folder: string): TokenConfig {
  const module = of.text('module');
  if (!/^\/[\x20-\x7e]{1,1000}$/.test(module))
    throw new Malformed(of.at('module'), `expected the absolute path of a PKCS#11 module, got ${shown(module)}`);
  const token = of.members('token');
  const name = parseTokenName(token);
  token.done();
  const pin = of.members('pin');
  const source = parsePin(pin, folder);
  pin.done();
  const environment = of.has('environment') ? parseEnvironment(of.members('environment')) : {};
  return { module, token: name, pin: source, environment };
}

function parseTokenName(of: Members): TokenName {
  const by = of.has('serial') ? 'serial' : 'label';
  const value = of.text(by);
  // As long as PKCS#11 lets them be (CK_TOKEN_INFO).
  const most = by === 'label' ? 32 : 16;
  if (!/^[\x20-\x7e]+$/.test(value) || value.length > most || value.trimEnd() !== value)
    throw new Malformed(
      of.at(by),
      `expected 1 to ${most} printable ASCII characters, no blank at the end, got ${shown(value)}`,
    );
  return { by, value };
}

function parsePin(of: Members, folder: string): PinSource {
  if (!of.has('credential')) return { kind: 'file', file: resolve(folder, of.text('file')) };
  const name = of.text('credential');
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name))
    throw new Malformed(of.at('credential'), 'expected the name of a credential: letters, digits, _ . and -');
  return { kind: 'credential', name };
}

/** What changes how a process is loaded, or what Node does, is no vendor's business. */
const refusedVariables =
  /^(?:LD_|DYLD_|NODE_|NPM_|OPENSSL_|PATH$|HOME$|SHELL$|IFS$|BASH_|GCONV_PATH$|LOCPATH$|MALLOC_|GLIBC_|GODEBUG$|PYTHON|PERL|JAVA_TOOL_OPTIONS$)/;

function parseEnvironment(of: Members): Record<string, string> {
  const names = of.names();
  if (names.length > 16) throw new Malformed(of.place, 'names more than 16 variables');
  const environment: Record<string, string> = {};
  for (const name of names) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name))
      throw new Malformed(of.place, `${shown(name)} is no variable’s name`);
    if (refusedVariables.test(name))
      throw new Malformed(of.at(name), 'changes how programs are run: the signer’s process does not get it');
    const value = of.text(name);
    if (!/^[\x20-\x7e]{0,1000}$/.test(value)) throw new Malformed(of.at(name), 'expected printable ASCII');
    environment[name] = value;
  }
  of.done();
  return environment;
}

/** Throws `Malformed` for a PIN's file that is none, or that others may read. Only the station has its credentials at hand. */
export function checkPin(pin: PinSource, place: string): void {
  if (pin.kind === 'file') checkSecret(pin.file, `${place}.file`);
}

/** The PIN. Throws `Malformed`, which quotes nothing of it. */
export function readPin(pin: PinSource, place: string): string {
  const text = pin.kind === 'file' ? readSecret(pin.file, `${place}.file`) : readCredential(pin.name, place);
  const value = text.replace(/\r?\n$/, '');
  if (!/^[\x20-\x7e]{1,256}$/.test(value))
    throw new Malformed(place, 'the PIN is not one line of 1 to 256 printable ASCII characters');
  return value;
}

function readCredential(name: string, place: string): string {
  const folder = process.env['CREDENTIALS_DIRECTORY'];
  if (folder?.startsWith('/')) return readSecret(join(folder, name), `${place}.credential`, 'credential');
  const why = `the credential ${name} is not at hand: $CREDENTIALS_DIRECTORY is not set`;
  throw new Malformed(place, `${why}. Start the station by systemd, with LoadCredential= or LoadCredentialEncrypted=`);
}
